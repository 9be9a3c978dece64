import type { Context } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import {
  describedAllStatistics,
  describedIndex,
  describedModelNames,
  describedServerLive,
  describedServerReady,
  describeModelRoute,
  describeRefused,
  describeServer,
} from "../document/open-inference-routes.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { answerInfer } from "../open-inference/answer-infer.ts";
import { answerAllStatistics, answerModelReady, answerQuestion } from "../open-inference/answer-question.ts";
import { answerJson, answerNotReady } from "../open-inference/answers.ts";
import type { OpenInferenceDeps } from "../open-inference/deps.ts";
import { indexFor, namesFor } from "../open-inference/list-models.ts";
import { readFlag } from "../open-inference/read-flag.ts";

export type { OpenInferenceDeps } from "../open-inference/deps.ts";

/** The Open Inference Protocol as its clients speak it, each request handed to a backend of the model's route. */
export function openInferenceRoutes(deps: OpenInferenceDeps): DescribedRoutes {
  const routes = createRoutes();
  for (const path of ["/v2", "/v2/"] as const)
    mount(routes, describeServer(path), (c) => answerJson(c, server));
  mount(routes, describedServerLive, (c) => answerJson(c, { live: true }));
  mount(routes, describedServerReady, (c) => answerReady(c, deps));
  mount(routes, describedModelNames, (c) =>
    answerJson(c, { models: namesFor(deps.fleet(), c.get("caller")) }),
  );
  mount(routes, describedAllStatistics, (c) => answerAllStatistics(c, deps));
  mount(routes, describedIndex, (c) => answerIndex(c, deps));
  for (const base of ["/v2/models/{model}", "/v2/models/{model}/versions/{version}"] as const) {
    for (const question of ["", "/config", "/stats"] as const) {
      mount(routes, describeModelRoute(base, question), (c) => answerQuestion(c, deps, question));
    }
    mount(routes, describeModelRoute(base, "/ready"), (c) => answerModelReady(c, deps));
    mount(routes, describeModelRoute(base, "/infer"), (c) => answerInfer(c, deps));
  }
  for (const [path, why] of Object.entries(refused)) {
    for (const method of ["get", "post"] as const) {
      mount(routes, describeRefused(method, path, why), () => {
        throw new TradewindError("forbidden", why);
      });
    }
  }
  return routes;
}

const server = {
  name: "tradewind",
  version: "0.1.0",
  extensions: [
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "parameters",
    "schedule_policy",
    "statistics",
  ],
};

const noLoading = "this gateway does not load models";
const noSettings = "settings are the backends' own, and this gateway does not pass them on";
const noSharedMemory = "shared memory is not served here: send tensors in the request";

/** What the protocol has for whoever runs a server, and not for who calls one. */
const refused: Readonly<Record<string, string>> = {
  "/v2/repository/models/:model/load": noLoading,
  "/v2/repository/models/:model/unload": noLoading,
  "/v2/logging": noSettings,
  "/v2/trace/setting": noSettings,
  "/v2/models/:model/trace/setting": noSettings,
  "/v2/systemsharedmemory/*": noSharedMemory,
  "/v2/cudasharedmemory/*": noSharedMemory,
};

function answerReady(c: Context<GatewayEnv>, { ready, directory }: OpenInferenceDeps): Response {
  if (!ready() || !directory.useful()) return answerNotReady(c, "the server");
  return answerJson(c, { live: true, ready: true });
}

async function answerIndex(c: Context<GatewayEnv>, deps: OpenInferenceDeps): Promise<Response> {
  using place = deps.inFlight.enter(0);
  const onlyReady = await readFlag(c, "ready", place.grow);
  const entries = indexFor(deps.fleet(), c.get("caller"), deps.directory);
  return answerJson(c, onlyReady ? entries.filter(({ state }) => state === "READY") : entries);
}
