import { join } from "node:path";
import { stampOf } from "#inference/models/repository/file-facts.ts";
import type { SettingsText } from "#inference/models/repository/model-source.ts";
import { factsOf, namesIn } from "#inference/models/repository/version-folder.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** What the owner of a backend says of models that lie elsewhere: `<folder>/<model>/model.yaml`. */
export type SettingsFolder = {
  /** Changes when the file does; undefined where there is none. */
  readonly markOf: (model: string) => Promise<string | undefined>;
  readonly read: (model: string) => Promise<SettingsText>;
};

/** Of a folder that nobody named, nothing is said. */
export async function openSettingsFolder(folder: string | undefined): Promise<SettingsFolder> {
  if (folder === undefined) return { markOf: async () => undefined, read: unnamed };
  await namesIn(folder, 0).catch((cause: unknown) => {
    throw new TradewindError("folder_unusable", `the folder of model settings ${folder} cannot be read`, {
      cause,
      hint: "give a folder that holds <model>/model.yaml",
    });
  });
  return {
    markOf: async (model) => {
      const facts = await factsOf(join(folder, model), "model.yaml");
      return facts && stampOf([facts]);
    },
    read: async (model) => {
      const file = `${model}/model.yaml`;
      return { text: await readText(join(folder, file), { what: file }), file };
    },
  };
}

async function unnamed(model: string): Promise<never> {
  throw new TradewindError("config_invalid", `there is no folder with a model.yaml for model '${model}'`);
}
