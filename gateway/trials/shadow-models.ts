import type { ModelInfo } from "#inference/contract.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Backend } from "../fleet/snapshot.ts";

/** What shadows say of their models. The directory asks only those that may answer callers. */
export type ShadowModels = {
  /** What is known; where that is nothing, or old, it is asked for in the background. */
  readonly find: (backend: Backend, model: string, now: number) => ModelInfo | undefined;
  /** What it last said; nobody is asked. */
  readonly lastHeard: (backend: Backend, model: string) => ModelInfo | undefined;
};

export type ShadowModelsOptions = {
  readonly signal: AbortSignal;
  readonly askAgainMs?: number;
  readonly timeoutMs?: number;
};

type Known = { readonly info: ModelInfo | undefined; readonly askAt: number };

export function createShadowModels(options: ShadowModelsOptions): ShadowModels {
  const { signal, askAgainMs = 10_000, timeoutMs = 2_000 } = options;
  const known = new WeakMap<Backend, Map<string, Known>>();
  const ask = async (backend: Backend, model: string): Promise<ModelInfo | undefined> => {
    try {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return await backend.client.describe(model, { signal: patience });
    } catch (error) {
      const detail = `${model} at ${backend.name}`;
      if (!signal.aborted) sideConcernSkipped.publish({ what: "describing a model", detail, error });
      return undefined;
    }
  };
  return {
    lastHeard: (backend, model) => known.get(backend)?.get(model)?.info,
    find: (backend, model, now) => {
      const models = known.get(backend) ?? new Map<string, Known>();
      known.set(backend, models);
      const before = models.get(model);
      if (before && now < before.askAt) return before.info;
      const askAt = now + askAgainMs;
      // Until it has answered, what it last said is true.
      models.set(model, { info: before?.info, askAt });
      void ask(backend, model).then((info) => models.set(model, { info, askAt }));
      return before?.info;
    },
  };
}
