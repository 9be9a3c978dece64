import { abandoned } from "#inference/abandoned.ts";
import { modelPath } from "#inference/engine/remote/model-path.ts";
import { withinTime } from "#inference/engine/remote/time-limit.ts";
import { openUpstreamHttp } from "#inference/engine/remote/upstream-http.ts";
import { tensorSuffix } from "#inference/faces/tensor-face.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { isModelName, isVersion, nameRule, shown } from "./repository/model-name.ts";
import { type Ask, askOn } from "./upstream/ask.ts";
import { listModels } from "./upstream/list-models.ts";
import { type ModelConfig, newestVersion, readConfig, readMetadata } from "./upstream/read-description.ts";
import { toModel, type UpstreamModel } from "./upstream/to-model.ts";

export type UpstreamOptions = {
  /** Undefined: all that the server says are ready. */
  readonly models?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long a server that is not there yet, or still loads, is waited for. */
  readonly patienceMs?: number;
};

export type Upstream = {
  readonly models: readonly UpstreamModel[];
  /** Those among all models that cannot be served; one that was named throws instead. */
  readonly passedOver: readonly PassedOver[];
};

export type PassedOver = { readonly name: string; readonly reason: string };

/** What another server says of its models. It is waited for, since the two are often started together. */
export async function describeUpstream(url: string, options: UpstreamOptions): Promise<Upstream> {
  const { models, clock, signal } = options;
  await using http = openUpstreamHttp({ url, connections: 1, maxAnswerBytes: 4_194_304 });
  const ask = askOn((call) =>
    withinTime({ clock, ms: 10_000, signal }, (inTime) => http.call({ ...call, signal: inTime })),
  );
  return await patiently(options, () => (models ? describeNamed(ask, models) : describeAll(ask, signal)));
}

async function patiently<Result>(
  { clock, signal, patienceMs = 60_000 }: UpstreamOptions,
  task: () => Promise<Result>,
): Promise<Result> {
  const until = clock.elapsed() + patienceMs;
  for (;;) {
    try {
      return await task();
    } catch (error) {
      const waits = isDown(error) || asTradewindError(error).code === "model_not_ready";
      if (!waits || clock.elapsed() >= until) throw error;
    }
    await clock.sleep(500, { signal }).catch(() => {
      throw abandoned(signal);
    });
  }
}

/** It may be there in a moment. */
export function isDown(error: unknown): boolean {
  return ["backend_unreachable", "backend_failed", "backend_full"].includes(asTradewindError(error).code);
}

async function describeNamed(ask: Ask, names: readonly string[]): Promise<Upstream> {
  const models: UpstreamModel[] = [];
  for (const name of names) models.push(await describeModel(ask, name));
  return { models, passedOver: [] };
}

async function describeAll(ask: Ask, signal: AbortSignal): Promise<Upstream> {
  const names = await listModels(ask);
  const models: UpstreamModel[] = [];
  const refused: TradewindError[] = [];
  const passedOver: PassedOver[] = [];
  // In order, so that a model comes before its tensors.
  for (const name of [...names].sort()) {
    if (models.some((model) => model.pathName === name)) continue;
    try {
      models.push(await describeModel(ask, name));
    } catch (error) {
      if (isDown(error) || signal.aborted) throw error;
      const refusal = asTradewindError(error);
      refused.push(refusal);
      passedOver.push({ name: shown(name), reason: refusal.message });
    }
  }
  const waits = names.length === 0 || refused.some(({ code }) => code === "model_not_ready");
  if (models.length === 0 && waits) throw noneReady();
  return { models, passedOver };
}

function noneReady(): TradewindError {
  return new TradewindError("model_not_ready", "no model of the upstream server is ready");
}

/**
 * Another Tradewind has the tensors of a model that reads images under a name of their own. What is shown here is the
 * model, under its name; it is the tensors that are asked for.
 */
async function describeModel(ask: Ask, name: string): Promise<UpstreamModel> {
  if (!isModelName(name)) throw new TradewindError("model_unusable", `${shown(name)}: ${nameRule}`);
  const model = await describeAs(ask, name, name);
  if (!takesImages(model)) return model;
  return await describeAs(ask, name, name + tensorSuffix).catch((error: unknown) => {
    if (asTradewindError(error).code === "model_unknown") return model;
    throw error;
  });
}

function takesImages({ inputs: [input, ...more] }: UpstreamModel): boolean {
  return input?.name === "image" && input.datatype === "BYTES" && more.length === 0;
}

async function describeAs(ask: Ask, name: string, pathName: string): Promise<UpstreamModel> {
  const newest = readMetadata(pathName, await ask.must(pathName, modelPath(pathName, undefined)));
  const version = newestVersion(newest);
  // Some servers name versions and know no path for them.
  const versioned = version === undefined ? undefined : await ask.may(modelPath(pathName, version));
  const pathVersion = versioned === undefined ? undefined : version;
  const path = modelPath(pathName, pathVersion);
  await ask.ready(pathName, `${path}/ready`);
  return toModel({
    ...{ name, pathName, pathVersion },
    version: version !== undefined && isVersion(version) ? version : "1",
    metadata: versioned === undefined ? newest : readMetadata(pathName, versioned),
    config: await configOf(ask, pathName, `${path}/config`),
  });
}

async function configOf(ask: Ask, name: string, path: string): Promise<ModelConfig | undefined> {
  const told = await ask.may(path);
  return told === undefined ? undefined : readConfig(name, told);
}
