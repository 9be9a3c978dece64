import { retryCalmly } from "../retry-calmly.ts";
import type { Surroundings } from "../surroundings.ts";
import type { ArmCall } from "./arm-call.ts";
import { armFailure } from "./translate-errors.ts";

/** One call of an SDK; what it throws is in our words, and it ends with the signal even where the SDK would not. */
export async function askArm<Answer>(call: ArmCall, ask: () => PromiseLike<Answer>): Promise<Answer> {
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(call.signal.reason);
  try {
    call.signal.throwIfAborted();
    call.signal.addEventListener("abort", end, { once: true });
    return await Promise.race([ask(), ended.promise]);
  } catch (error) {
    throw armFailure(error, call);
  } finally {
    call.signal.removeEventListener("abort", end);
  }
}

/** A question, which may be asked as often as it takes. */
export function readArm<Answer>(
  call: ArmCall,
  surroundings: Pick<Surroundings, "clock" | "chance">,
  ask: () => PromiseLike<Answer>,
): Promise<Answer> {
  const { clock, chance } = surroundings;
  return retryCalmly(() => askArm(call, ask), { clock, chance, signal: call.signal, mayRepeat: "all" });
}

/** A question whose answer may be that there is no such thing. */
export async function readIfThere<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "provider_missing") return undefined;
    throw error;
  }
}
