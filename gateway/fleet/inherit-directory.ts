import type { DescribedModel } from "#adapters/open-inference.ts";
import type { Directory } from "./directory.ts";
import type { Backend, Fleet } from "./snapshot.ts";

/** A fleet and what was known of it. */
export type Known = { readonly fleet: Fleet; readonly directory: Directory };

/** What was known of a pair in the fleet before: who is too busy for a question, or asleep, is no less there for it. */
export function knownBefore({
  fleet,
  directory,
}: Known): (backend: Backend, model: string) => DescribedModel | undefined {
  const known = new Map<string, DescribedModel>();
  for (const { backends, model } of fleet.routes.values()) {
    for (const backend of backends) {
      const described = directory.find(backend, model);
      if (described) known.set(keyOf(backend, model), described);
    }
  }
  return (backend, model) => known.get(keyOf(backend, model));
}

/** Where a provider has a name for it, another may stand at the same address by now. */
function keyOf({ id, url, label = "" }: Backend, model: string): string {
  return `${id} ${label} ${url} ${model}`;
}
