import { abandoned } from "#inference/abandoned.ts";
import { modelPath } from "#inference/engine/remote/model-path.ts";
import { withinTime } from "#inference/engine/remote/time-limit.ts";
import { openUpstreamHttp } from "#inference/engine/remote/upstream-http.ts";
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
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
};

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
function isDown(error: unknown): boolean {
  return ["backend_unreachable", "backend_failed", "backend_full"].includes(asTradewindError(error).code);
}

async function describeNamed(ask: Ask, names: readonly string[]): Promise<Upstream> {
  const models: UpstreamModel[] = [];
  for (const name of names) models.push(await describeModel(ask, name));
  return { models, passedOver: [] };
}

async function describeAll(ask: Ask, signal: AbortSignal): Promise<Upstream> {
  const names = await listModels(ask);
  if (names.length === 0)
    throw new TradewindError("model_not_ready", "no model of the upstream server is ready");
  const models: UpstreamModel[] = [];
  const passedOver: { name: string; reason: string }[] = [];
  for (const name of names) {
    try {
      models.push(await describeModel(ask, name));
    } catch (error) {
      if (isDown(error) || signal.aborted) throw error;
      passedOver.push({ name: shown(name), reason: asTradewindError(error).message });
    }
  }
  return { models, passedOver };
}

async function describeModel(ask: Ask, name: string): Promise<UpstreamModel> {
  if (!isModelName(name)) throw new TradewindError("model_unusable", `${shown(name)}: ${nameRule}`);
  const newest = readMetadata(name, await ask.must(name, modelPath(name, undefined)));
  const version = newestVersion(newest);
  // Some servers name versions and know no path for them.
  const versioned = version === undefined ? undefined : await ask.may(modelPath(name, version));
  const pathVersion = versioned === undefined ? undefined : version;
  const path = modelPath(name, pathVersion);
  await ask.ready(name, `${path}/ready`);
  return toModel({
    name,
    version: version !== undefined && isVersion(version) ? version : "1",
    pathVersion,
    metadata: versioned === undefined ? newest : readMetadata(name, versioned),
    config: await configOf(ask, name, `${path}/config`),
  });
}

async function configOf(ask: Ask, name: string, path: string): Promise<ModelConfig | undefined> {
  const told = await ask.may(path);
  return told === undefined ? undefined : readConfig(name, told);
}
