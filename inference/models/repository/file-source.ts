import { singleModel } from "#inference/models/repository.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { versionOf } from "./file-facts.ts";
import type { ModelSource } from "./model-source.ts";
import { factsOf } from "./version-folder.ts";

/** One file as a repository of one model at version 1, loaded where it lies. */
export async function openFileSource(path: string): Promise<ModelSource> {
  const file = await singleModel(path);
  return {
    list: async ({ model = file.name }) => {
      const facts = await factsOf("", path);
      if (model !== file.name || !facts) return [];
      return [{ name: file.name, versions: [versionOf(file.version, [facts])], settings: undefined }];
    },
    readSettings: async () => {
      throw new TradewindError("config_invalid", `the single file ${path} has no model.yaml`);
    },
    fetch: async () => ({ file, [Symbol.asyncDispose]: async () => {} }),
    tidy: async () => {},
  };
}
