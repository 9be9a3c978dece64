import type { DetectOptions, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Backend, Route } from "../fleet/snapshot.ts";

export type DispatchCall = {
  readonly route: Route;
  readonly image: Uint8Array;
  readonly options: DetectOptions;
  readonly signal: AbortSignal;
};

export type DispatchAnswer = ImageAnswer & { readonly backend: Backend; readonly model: ModelInfo };

/** More tries than this only spend the deadline: what fails three times fails everywhere. */
const mostTries = 3;

/**
 * Sends an image to the first backend that can answer, in the route's order. A failure that another backend may not
 * share is tried elsewhere, never twice at the same one; a caller's own mistake comes back at once.
 */
export async function dispatch(
  call: DispatchCall,
  directory: Pick<Directory, "find">,
): Promise<DispatchAnswer> {
  const { route, image, options, signal } = call;
  let failure = nobodyThere(route.model);
  for (const { backend, model } of candidates(route, directory).slice(0, mostTries)) {
    signal.throwIfAborted();
    try {
      const answer = await backend.client.detect({ model, image, options, signal });
      return { ...answer, backend, model };
    } catch (error) {
      failure = asTradewindError(error);
      if (!failure.kind.retryable) throw failure;
    }
  }
  throw failure;
}

type Candidate = { readonly backend: Backend; readonly model: ModelInfo };

function candidates({ groups, model }: Route, directory: Pick<Directory, "find">): Candidate[] {
  return groups.flat().flatMap((backend) => {
    const info = directory.find(backend, model);
    return info ? [{ backend, model: info }] : [];
  });
}

function nobodyThere(model: string): TradewindError {
  return new TradewindError("backend_none", `no backend can answer for model ${model} at the moment`);
}
