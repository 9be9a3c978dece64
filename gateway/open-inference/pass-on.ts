import type { PassAnswer, PassCall } from "#adapters/open-inference.ts";
import { refusal } from "#adapters/open-inference-errors.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Backend, Route } from "../fleet/snapshot.ts";
import { notFound, type Target } from "./find-target.ts";

export type Passed = PassAnswer & { readonly backend: Backend };

/** Of a target what its failures speak of. */
export type Named = Pick<Target, "name" | "version"> & { readonly route: Pick<Route, "model"> };

/** More tries than this only spend the deadline: what fails three times fails everywhere. */
const mostTries = 3;

/** Asks the first backend that can answer; a failure that another may not share is tried elsewhere. */
export async function passOn(target: Named, call: PassCall, backends: readonly Backend[]): Promise<Passed> {
  let failure = nobodyThere(target.name);
  for (const backend of backends.slice(0, mostTries)) {
    call.signal.throwIfAborted();
    try {
      return await passOnce(target, call, backend);
    } catch (error) {
      failure = asTradewindError(error);
    }
    if (!failure.kind.retryable) throw failure;
  }
  throw failure;
}

/** Hands a request as it is to one backend; only status 200 is an answer, for these clients too. */
export async function passOnce(target: Named, call: PassCall, backend: Backend): Promise<Passed> {
  const answer = await backend.client.pass(call);
  if (answer.status !== 200) throw refusalOf(answer, target);
  return { ...answer, backend };
}

/** The backend may have gone on with what nobody waited for. */
export function wasGivenUp({ code }: TradewindError): boolean {
  return code === "caller_left" || code === "deadline_exceeded";
}

/** That a backend has the model itself is what it said of itself, but nobody asked it for the model's tensors. */
function refusalOf({ status, headers, body }: PassAnswer, target: Named): TradewindError {
  if (status === 404 && target.name !== target.route.model) return notFound(target);
  return refusal(status, headers, body.toString("utf8"), "request");
}

function nobodyThere(name: string): TradewindError {
  return new TradewindError("backend_none", `no backend can answer for model ${name} at the moment`);
}
