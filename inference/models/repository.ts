import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";
import { byVersion, isModelName, isVersion } from "./repository/model-name.ts";

/** One model file to serve, under the name and version that callers use. */
export type ModelFile = { readonly name: string; readonly version: string; readonly path: string };

/** The latest version of every model in a folder laid out as `<folder>/<model>/<version>/model.onnx`. */
export async function findModels(folder: string): Promise<ModelFile[]> {
  const found: ModelFile[] = [];
  for (const name of await foldersIn(folder)) {
    const version = await latestVersion(join(folder, name));
    if (version === undefined) continue;
    found.push({ name: validName(name), version, path: join(folder, name, version, "model.onnx") });
  }
  if (found.length > 0) return found;
  throw new TradewindError("model_unusable", `no model in folder ${folder}`, {
    hint: "put files there as <model>/<version>/model.onnx, for example digits-s/1/model.onnx",
  });
}

/** A single file serves under its own name, as version 1. */
export async function singleModel(path: string): Promise<ModelFile> {
  if (!(await isFile(path))) {
    throw new TradewindError("model_unusable", `there is no model file ${path}`, {
      hint: "give the path of an .onnx file",
    });
  }
  return { name: validName(basename(path).replace(/\.onnx$/i, "")), version: "1", path };
}

/** The bytes of a model file; a larger file than the limit is refused before it is read. */
export async function readModelFile(path: string, { maxBytes = 1_073_741_824 } = {}): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= maxBytes) return await readFile(path);
  } catch (error) {
    throw new TradewindError("model_unusable", `the model file ${path} cannot be read`, { cause: error });
  }
  throw new TradewindError("model_unusable", `the model file ${path} is larger than ${maxBytes} bytes`);
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() ? [] : [entry.name])).sort();
  } catch (error) {
    throw new TradewindError("folder_unusable", `the model folder ${folder} cannot be read`, {
      cause: error,
      hint: "give a folder that holds <model>/<version>/model.onnx",
    });
  }
}

async function latestVersion(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder).catch(() => []);
  const versions = entries.filter(isVersion).sort((one, other) => byVersion(other, one));
  for (const version of versions) {
    if (await isFile(join(folder, version, "model.onnx"))) return version;
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function validName(name: string): string {
  if (isModelName(name)) return name;
  throw new TradewindError("model_unusable", `'${name}' cannot be a model's name`, {
    hint: "use letters, digits, dot, dash and underscore, at most 64",
  });
}
