import type { DetectOptions, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { TraceContext } from "#infra/runtime/trace-context.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Backend, Route } from "../fleet/snapshot.ts";

export type DispatchCall = {
  readonly model: string;
  /** Who can answer, in the order in which they are tried. */
  readonly candidates: readonly Candidate[];
  /** The encoded image, in pieces that are sent one behind the other. */
  readonly image: readonly Uint8Array[];
  readonly options: DetectOptions;
  readonly trace?: TraceContext;
  readonly signal: AbortSignal;
};

export type Candidate = { readonly backend: Backend; readonly model: ModelInfo };

export type DispatchAnswer = ImageAnswer & Candidate;

/** More tries than this only spend the deadline: what fails three times fails everywhere. */
const mostTries = 3;

/**
 * Sends an image to the first backend that can answer, in the route's order. A failure that another backend may not
 * share is tried elsewhere, never twice at the same one; a caller's own mistake comes back at once.
 */
export async function dispatch(call: DispatchCall): Promise<DispatchAnswer> {
  const { image, options, trace, signal } = call;
  let failure: TradewindError | undefined;
  for (const { backend, model } of call.candidates.slice(0, mostTries)) {
    signal.throwIfAborted();
    try {
      const answer = await backend.client.detect({ model, image, options, signal, ...(trace && { trace }) });
      return { ...answer, backend, model };
    } catch (error) {
      failure = asTradewindError(error);
      if (!failure.kind.retryable) throw failure;
    }
  }
  throw failure ?? nobodyThere(call.model);
}

/** The backends of a route that said they have its model. */
export function candidates({ backends, model }: Route, directory: Pick<Directory, "find">): Candidate[] {
  const found: Candidate[] = [];
  for (const backend of backends) {
    const info = directory.find(backend, model);
    if (info) found.push({ backend, model: info });
  }
  return found;
}

/**
 * The same for one version of the model: a backend without it is passed by, however well it knows another. Fails only
 * where none has it and one could not say.
 */
export async function candidatesOfVersion(
  { backends, model }: Route,
  version: string,
  directory: Pick<Directory, "findVersion">,
  options: { readonly signal: AbortSignal },
): Promise<Candidate[]> {
  const asked = backends.map(async (backend): Promise<Candidate[]> => {
    const info = await directory.findVersion(backend, model, version, options);
    return info ? [{ backend, model: info }] : [];
  });
  const told = await Promise.allSettled(asked);
  const found = told.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const failed = told.find((one) => one.status === "rejected");
  if (found.length === 0 && failed) throw failed.reason;
  return found;
}

function nobodyThere(model: string): TradewindError {
  return new TradewindError("backend_none", `no backend can answer for model ${model} at the moment`);
}
