import { isVersion, splitModel } from "#inference/image-api/image-request.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { mayUse } from "../admission/permissions.ts";
import type { Fleet, Route } from "../fleet/snapshot.ts";
import type { ImageAsk } from "./image-ask.ts";

/** The route of the model in the path, with the version behind its `@` if there is one. */
export function findRoute(
  fleet: Fleet,
  { caller, model }: ImageAsk,
): { readonly route: Route; readonly version?: string } {
  const { name, version } = splitModel(model);
  const route = fleet.routes.get(name);
  // What a caller may not use is not there for it: names of models can tell a tenant's business.
  if (!route || !mayUse(caller, name)) throw unknownModel(fleet, caller, name);
  if (version === undefined) return { route };
  if (!isVersion(version)) throw unknownVersion(name, version);
  return { route, version };
}

function unknownModel(fleet: Fleet, caller: ImageAsk["caller"], name: string): TradewindError {
  const known = [...fleet.routes.keys()].filter((model) => mayUse(caller, model)).join(", ");
  return new TradewindError(
    "model_unknown",
    `no model ${JSON.stringify(name.slice(0, 64))} here; there is ${known}`,
  );
}

export function unknownVersion(model: string, version: string): TradewindError {
  return new TradewindError(
    "version_unknown",
    `no backend has version ${JSON.stringify(version.slice(0, 64))} of ${model}`,
  );
}
