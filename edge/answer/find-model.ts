import type { ModelInfo, Task } from "#inference/contract.ts";
import { isVersion, splitModel } from "#inference/image-api/image-request.ts";
import type { ImageOptions } from "#inference/image-api/read-options.ts";
import { refuseUnable } from "#inference/image-api/refuse-unable.ts";
import type { Detect } from "#inference/serve-model.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { LocalImages } from "./local-ask.ts";
import type { RunningModels } from "./running-model.ts";

export type WantedModel = { readonly name: string; readonly version: string | undefined };

/** A model that looks at images, held until it is disposed. */
export type ImageModel = Disposable & { readonly info: ModelInfo; readonly detect: Detect };

/** The model in the path, with the version behind its `@` if there is one. */
export function findModel(
  model: string,
  { running, expected }: Pick<LocalImages, "running" | "expected">,
): WantedModel {
  const wanted = splitModel(model);
  const { name, version } = wanted;
  if (!running.find(name) && !expected().includes(name)) throw unknownModel(name, running);
  if (version !== undefined && !isVersion(version)) throw unknownVersion(name, version);
  return wanted;
}

export type AskedOfModel = WantedModel & {
  readonly task: Task;
  readonly options: Pick<ImageOptions, "classes">;
};

/** Holds it, if it runs in the version that is asked for and can do what is asked of it. */
export function leaseModel(
  { name, version, task, options }: AskedOfModel,
  running: RunningModels,
): ImageModel {
  const leased = running.lease(name);
  if (!leased) throw new TradewindError("model_not_ready", `${name} does not run on this device yet`);
  try {
    const { info, detect, version: found } = leased.model;
    if (version !== undefined && version !== found) throw unknownVersion(name, version);
    if (!info || !detect) throw tensorsOnly(name);
    refuseUnable({ model: name, task, options }, info);
    return { info, detect, [Symbol.dispose]: () => leased[Symbol.dispose]() };
  } catch (error) {
    leased[Symbol.dispose]();
    throw error;
  }
}

function unknownModel(name: string, running: RunningModels): TradewindError {
  const shown = JSON.stringify(name.slice(0, 64));
  const known = running.names().join(", ") || "none yet";
  return new TradewindError("model_unknown", `no model ${shown} here; there is ${known}`);
}

function unknownVersion(name: string, version: string): TradewindError {
  const shown = JSON.stringify(version.slice(0, 64));
  return new TradewindError("version_unknown", `version ${shown} of ${name} does not run on this device`);
}

function tensorsOnly(name: string): TradewindError {
  const where = `POST /v2/models/${name}/infer`;
  return new TradewindError("task_unsupported", `${name} takes tensors and no images: ${where}`);
}
