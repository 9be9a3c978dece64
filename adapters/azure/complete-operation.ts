import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Surroundings } from "../surroundings.ts";
import type { ArmCall } from "./arm-call.ts";
import { askArm, readArm } from "./ask-arm.ts";

/** As much of the SDKs' pollers as is needed here. */
export type Operation = {
  readonly isDone: boolean;
  readonly submitted: () => Promise<void>;
  readonly serialize: () => Promise<string>;
  readonly pollUntilDone: (options: { readonly abortSignal: AbortSignal }) => Promise<unknown>;
};

export type LongChange = {
  readonly begin: () => Operation;
  /** The same operation again, by what `serialize` answered: one whose asking failed once can't be asked any more. */
  readonly resume: (state: string) => Operation;
};

/** Begins a change once, and sees it through to its end, which may be asked for as often as it takes. */
export async function completeOperation(
  call: ArmCall,
  surroundings: Pick<Surroundings, "clock" | "chance">,
  { begin, resume }: LongChange,
): Promise<void> {
  const begun = begin();
  await askArm(call, () => begun.submitted());
  if (begun.isDone) return;
  const state = await begun.serialize();
  const { signal } = call;
  try {
    await readArm(call, surroundings, () => resume(state).pollUntilDone({ abortSignal: signal }));
  } catch (error) {
    throw unlessThrottled(error, call.action);
  }
}

/** Who is told of throttling may make the change again, and this one was begun. */
function unlessThrottled(thrown: unknown, action: string): TradewindError {
  const error = asTradewindError(thrown);
  if (error.code !== "provider_throttled") return error;
  const message = `Azure took ${action}, and throttled every question about its end`;
  return new TradewindError("provider_unavailable", message, { cause: error });
}
