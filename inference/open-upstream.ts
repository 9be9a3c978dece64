import { TradewindError } from "#infra/runtime/errors.ts";
import { openRemoteEngine } from "./engine/remote.ts";
import { type ModelSettings, plainSettings } from "./models/model-settings.ts";
import { checkBatching, readModel } from "./models/read-model.ts";
import type { UpstreamModel } from "./models/upstream/to-model.ts";
import type { OpenModelOptions } from "./open-model.ts";
import { type OpenModel, openFailure, serveModel } from "./serve-model.ts";

export type OpenUpstreamOptions = Pick<
  OpenModelOptions,
  "workers" | "settings" | "imagesOnly" | "runTimeoutMs" | "clock" | "signal" | "onOpen"
> & {
  /** Of the server that has the model. */
  readonly url: string;
};

/** Reads, checks and tries one model that another server computes; its `workers` are requests under way there at once. */
export async function openUpstreamModel(
  model: UpstreamModel,
  options: OpenUpstreamOptions,
): Promise<OpenModel> {
  try {
    return await open(model, options);
  } catch (error) {
    throw openFailure(lasting(error), `model ${model.pathName} of ${options.url}`);
  }
}

async function open(model: UpstreamModel, options: OpenUpstreamOptions): Promise<OpenModel> {
  const { url, clock, workers, runTimeoutMs, imagesOnly: forImages = false } = options;
  const { name, pathName, version, pathVersion, platform, inputs, outputs, file } = model;
  const said = options.settings ?? plainSettings;
  checkBatching(file, said);
  const settings = withinBatch(said, model.maxBatchSize);
  // Only the owner's own words make a model one for images: what a stranger's server says must not keep all others out.
  const read = readModel(file, { settings, forImages });
  const instances = settings.instances ?? workers;
  const engine = await openRemoteEngine({
    ...{ url, model: pathName, version: pathVersion, outputs, clock, workers: instances },
    batching: settings.batching,
    ...(runTimeoutMs === undefined ? {} : { runTimeoutMs }),
  });
  const placement = { executionProvider: "remote", passedOver: passedOver(said) } as const;
  const { metadata } = file;
  const facts = { name, version, platform, inputs, outputs, metadata, settings, placement, instances };
  const maxBatchSize = settings.maxBatchSize ?? 0;
  const parts = { ...facts, maxBatchSize, engine, coldSessions: 0, recycle: async () => 0 };
  const meant = forImages || settings.task !== undefined;
  try {
    return await serveModel({ ...parts, read }, options).catch((error: unknown) => {
      if (meant || !read.plan) throw error;
      return serveModel({ ...parts, read: { plan: undefined, unreadable: misread(error) } }, options);
    });
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Settings may be shared with a backend that has the file; here they name no place. */
function passedOver({ executionProviders = [] }: ModelSettings): OpenModel["placement"]["passedOver"] {
  return executionProviders.map((provider) => ({
    provider,
    reason: "an upstream server computes the model",
  }));
}

/** More than the server takes in one request, it would refuse; where it does not say, its owner knows. */
function withinBatch(settings: ModelSettings, most: number | undefined): ModelSettings {
  if (!most) return settings;
  const maxBatchSize = Math.min(settings.maxBatchSize ?? most, most);
  const { batching } = settings;
  const fitting = {
    ...batching,
    maxBatchSize: Math.min(batching.maxBatchSize, most),
    preferredBatchSizes: batching.preferredBatchSizes.filter((size) => size <= most),
  };
  return { ...settings, maxBatchSize, batching: fitting };
}

/** Why the outputs of a first run are not what the head expects, as where nobody told the names; other failures are thrown. */
function misread(error: unknown): string {
  const read = lasting(error);
  if (read instanceof TradewindError && read.code === "model_unusable") return read.message;
  throw read;
}

/** A server that was full or away when it was tried says nothing about the model. */
function lasting(error: unknown): unknown {
  if (!(error instanceof TradewindError && error.cause instanceof TradewindError)) return error;
  const { code, kind, message } = error.cause;
  return kind.retryable ? new TradewindError(code, `${error.message}: ${message}`, { cause: error }) : error;
}
