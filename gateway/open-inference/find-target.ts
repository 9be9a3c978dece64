import { TradewindError } from "#infra/runtime/errors.ts";
import { mayUse } from "../admission/permissions.ts";
import type { Caller } from "../caller.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Backend, Fleet, Route } from "../fleet/snapshot.ts";

/** Under this name, with the model's own before it, a backend serves the model's graph as it is. */
export const tensorSuffix = "-tensor";

/** What a path names, as far as this caller may know of it. */
export type Target = {
  readonly route: Route;
  /** As the caller spelled it: the model's own name, or that of its tensors. */
  readonly name: string;
  readonly version: string | undefined;
  /** Where it is below any backend's address. */
  readonly path: string;
};

/** The route behind a name; a model that the caller may not use is not there for it. */
export function findTarget(
  fleet: Fleet,
  caller: Caller,
  { model: name, version }: { readonly model: string; readonly version: string | undefined },
): Target {
  const route = fleet.routes.get(name) ?? fleet.routes.get(ownerOf(name));
  if (!route || !mayUse(caller, route.model)) throw notFound({ name, version });
  const ofVersion = version === undefined ? "" : `/versions/${encodeURIComponent(version)}`;
  return { route, name, version, path: `/v2/models/${encodeURIComponent(name)}${ofVersion}` };
}

/** Who can answer for it, in the route's order. */
export function backendsFor(target: Target, directory: Pick<Directory, "find">): readonly Backend[] {
  const { route, version } = target;
  const there = route.backends.filter((backend) => directory.find(backend, route.model));
  const known = there.filter((backend) => !directory.find(backend, route.model)?.imagesOnly);
  if (there.length > 0 && known.length === 0) throw imagesOnly(route.model);
  if (version === undefined) return known;
  const able = known.filter((backend) => directory.find(backend, route.model)?.versions.includes(version));
  if (known.length > 0 && able.length === 0) throw notFound(target);
  return able;
}

function imagesOnly(model: string): TradewindError {
  const message = `model ${model} takes images only: none of its backends speaks the Open Inference Protocol`;
  return new TradewindError("task_unsupported", message, { hint: `POST /v1/models/${model}/detect` });
}

/** Triton's clients tell this from other refusals by how the sentence begins. */
export function notFound({ name, version }: Pick<Target, "name" | "version">): TradewindError {
  const which = version === undefined ? "" : ` version '${version.slice(0, 64)}'`;
  const message = `Request for unknown model: '${name.slice(0, 64)}'${which} is not found`;
  return new TradewindError(version === undefined ? "model_unknown" : "version_unknown", message);
}

function ownerOf(name: string): string {
  return name.endsWith(tensorSuffix) ? name.slice(0, -tensorSuffix.length) : name;
}
