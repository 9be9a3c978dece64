import { mayUse } from "../admission/permissions.ts";
import type { Caller } from "../caller.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Fleet, Route } from "../fleet/snapshot.ts";
import { tensorSuffix } from "./find-target.ts";

/** One version of one name, in the words of the protocol's repository extension. */
export type IndexEntry = {
  readonly name: string;
  readonly version?: string;
  readonly state: "READY" | "UNAVAILABLE";
  readonly reason: string;
};

/** Both names of each model that has a route and that the caller may use. */
export function namesFor(fleet: Fleet, caller: Caller): string[] {
  return routesFor(fleet, caller)
    .flatMap((route) => namesOf(route, fleet))
    .sort();
}

/** What stands behind those names at this moment, as the backends last said. */
export function indexFor(
  fleet: Fleet,
  caller: Caller,
  directory: Pick<Directory, "find">,
): readonly IndexEntry[] {
  return routesFor(fleet, caller).flatMap((route) => {
    const versions = versionsOf(route, directory);
    return namesOf(route, fleet).flatMap((name) => entriesOf(name, versions));
  });
}

function routesFor({ routes }: Fleet, caller: Caller): Route[] {
  return [...routes.values()].filter(({ model }) => mayUse(caller, model));
}

/** A model of its own may have the name that another's tensors would have; then those have none. */
function namesOf({ model }: Route, { routes }: Fleet): string[] {
  const tensors = model + tensorSuffix;
  return routes.has(tensors) ? [model] : [model, tensors];
}

/** Of all backends together, each once. */
function versionsOf({ backends, model }: Route, directory: Pick<Directory, "find">): string[] {
  return [...new Set(backends.flatMap((backend) => directory.find(backend, model)?.versions ?? []))];
}

function entriesOf(name: string, versions: readonly string[]): IndexEntry[] {
  if (versions.length === 0) return [{ name, state: "UNAVAILABLE", reason: "no backend can answer" }];
  return versions.map((version) => ({ name, version, state: "READY", reason: "" }));
}
