import { createHash } from "node:crypto";
import { modelPath } from "#inference/engine/remote/model-path.ts";
import { isModelName } from "#inference/models/repository/model-name.ts";
import type {
  FetchedModel,
  ModelListing,
  ModelSource,
  VersionListing,
} from "#inference/models/repository/model-source.ts";
import type { PassedOver } from "#inference/models/upstream.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createLook, type LookOptions } from "./look-upstream.ts";
import { openSettingsFolder, type SettingsFolder } from "./settings-folder.ts";
import type { UpstreamModel } from "./to-model.ts";

export type UpstreamSourceOptions = LookOptions & {
  /** A folder of `<model>/model.yaml`. */
  readonly settings: string | undefined;
  /** Told of models that cannot be served, whenever they are others or for other reasons. */
  readonly onPassedOver?: (models: readonly PassedOver[]) => void;
};

/** Models of another server as a repository has them; nothing of them is copied. */
export type UpstreamSource = ModelSource & {
  /** The model as it was fetched last. */
  readonly fetched: (name: string) => UpstreamModel;
};

export async function openUpstreamSource(options: UpstreamSourceOptions): Promise<UpstreamSource> {
  const settings = await openSettingsFolder(options.settings);
  const look = createLook(options);
  const isNamed = (name: string): boolean => options.models?.includes(name) ?? false;
  const tell = onlyNews(options.onPassedOver);
  const listed = new Map<string, UpstreamModel>();
  const fetched = new Map<string, UpstreamModel>();
  const held = createTally();
  const list = (model: UpstreamModel): Promise<ModelListing> => {
    listed.set(model.name, model);
    return listingOf(model, settings);
  };
  return {
    list: async ({ signal, model: name }) => {
      if (name !== undefined) {
        const model = isModelName(name) ? await look.one(name, signal) : undefined;
        return model ? [await list(model)] : [];
      }
      const { models, passedOver } = await look.all(signal);
      tell(passedOver);
      // What is served, or was asked for, stays with its trouble; anything else is no model of ours.
      const troubled = passedOver.filter((model) => held.has(model.name) || isNamed(model.name));
      const broken = troubled.map((model) => brokenOf(model, settings));
      return await Promise.all([...models.map(list), ...broken]);
    },
    readSettings: ({ name }) => settings.read(name),
    fetch: async (name, version, { pins }) => {
      if (pins) throw unpinnable();
      const model = listed.get(name);
      if (!model || stampOf(model) !== version.stamp) throw beingChanged(name);
      fetched.set(name, model);
      return fetchedModel(options.url, model, held.take(name));
    },
    fetched: (name) => {
      const model = fetched.get(name);
      if (!model) throw new Error(`model ${name} was never fetched`);
      return model;
    },
    tidy: async () => {},
  };
}

function onlyNews(tell: UpstreamSourceOptions["onPassedOver"]): (models: readonly PassedOver[]) => void {
  let told = JSON.stringify([]);
  return (models) => {
    const news = JSON.stringify(models);
    if (news !== told) tell?.(models);
    told = news;
  };
}

async function listingOf(model: UpstreamModel, settings: SettingsFolder): Promise<ModelListing> {
  const version: VersionListing = { version: model.version, stamp: stampOf(model), files: [] };
  return { name: model.name, versions: [version], settings: await settings.markOf(model.name) };
}

async function brokenOf({ name, reason }: PassedOver, settings: SettingsFolder): Promise<ModelListing> {
  return { name, versions: [], settings: await settings.markOf(name), problem: reason };
}

/** Changes with anything that the server says of a model. */
function stampOf({ file, ...said }: UpstreamModel): string {
  const text = JSON.stringify([said, [...file.metadata]]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function fetchedModel(url: string, model: UpstreamModel, letGo: () => void): FetchedModel {
  const { name, version, pathName, pathVersion } = model;
  const path = url.replace(/\/+$/, "") + modelPath(pathName, pathVersion);
  return { file: { name, version, path }, [Symbol.asyncDispose]: async () => letGo() };
}

/** How often each name is held. */
function createTally(): { has: (name: string) => boolean; take: (name: string) => () => void } {
  const counts = new Map<string, number>();
  const add = (name: string, more: number): void => {
    const count = (counts.get(name) ?? 0) + more;
    if (count > 0) counts.set(name, count);
    else counts.delete(name);
  };
  return {
    has: (name) => counts.has(name),
    take: (name) => {
      let release: (() => void) | undefined = () => add(name, -1);
      add(name, 1);
      return () => {
        release?.();
        release = undefined;
      };
    },
  };
}

function beingChanged(name: string): TradewindError {
  return new TradewindError("model_not_ready", `model '${name}' is being changed on the upstream server`, {
    hint: "load it again in a while",
  });
}

function unpinnable(): TradewindError {
  return new TradewindError("model_unusable", "a model on an upstream server cannot be pinned by its hash", {
    hint: "take sha256 out of its model.yaml",
  });
}
