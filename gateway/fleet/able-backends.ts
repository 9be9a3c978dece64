import type { ModelInfo } from "#inference/contract.ts";
import type { Directory } from "./directory.ts";
import type { Route } from "./snapshot.ts";

/** Who of a route has what is asked for: what each backend said of the model, by the places of the pool's lanes. */
export type AbleBackends = {
  readonly models: readonly (ModelInfo | undefined)[];
  /** The model that will probably answer: of whoever answered last, or else of the first. */
  readonly expected: ModelInfo | undefined;
};

type Remembered = { readonly revision: number; readonly able: readonly (ModelInfo | undefined)[] };

/** Made anew only when a backend said something new, since large fleets are looked at for each request. */
const remembered = new WeakMap<Route, Remembered>();

export function ableBackends(route: Route, directory: Pick<Directory, "find" | "revision">): AbleBackends {
  const known = remembered.get(route);
  const revision = directory.revision();
  if (known?.revision === revision) return withExpected(route, known.able);
  const able = route.backends.map((backend) => directory.find(backend, route.model));
  remembered.set(route, { revision, able });
  return withExpected(route, able);
}

/**
 * The same for one version of the model: a backend without it is passed by, however well it knows another. Fails only
 * where none has it and one could not say.
 */
export async function ableBackendsOfVersion(
  route: Route,
  version: string,
  directory: Pick<Directory, "findVersion">,
  options: { readonly signal: AbortSignal },
): Promise<AbleBackends> {
  const asked = route.backends.map((backend) =>
    directory.findVersion(backend, route.model, version, options),
  );
  const told = await Promise.allSettled(asked);
  const models = told.map((one) => (one.status === "fulfilled" ? one.value : undefined));
  const failed = told.find((one) => one.status === "rejected");
  if (failed && models.every((model) => model === undefined)) throw failed.reason;
  return withExpected(route, models);
}

function withExpected({ pool }: Route, models: readonly (ModelInfo | undefined)[]): AbleBackends {
  return { models, expected: models[pool.usual.place] ?? models.find((model) => model !== undefined) };
}
