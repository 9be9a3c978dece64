import type { Context } from "hono";
import { graphMetadata } from "#inference/faces/graph-metadata.ts";
import type { VersionPolicy } from "#inference/models/model-settings.ts";
import { answerJson } from "#inference/protocol/answer-error.ts";
import { type ConfigVersionPolicy, describeConfig } from "#inference/protocol/describe-config.ts";
import { describeFace } from "#inference/protocol/describe-face.ts";
import { type FaceLease, leaseFace, type Models } from "#inference/served-faces.ts";
import type { Statistics } from "#inference/statistics.ts";
import type { Handler, RouteTable } from "./route-table.ts";

export type ModelRoutesDeps = {
  readonly models: Models;
  readonly statistics: Statistics;
  readonly infer: Handler;
};

/** What can be asked of single models, with their version in the path or without. */
export function modelRoutes({ models, statistics, infer }: ModelRoutesDeps): RouteTable {
  const leased = (c: Context): FaceLease =>
    leaseFace(models, c.req.param("model") ?? "", c.req.param("version"));
  const routesUnder = (base: string): RouteTable => ({
    [base]: {
      GET: (c) => {
        using lease = leased(c);
        return answerJson(c, describeFace(lease.face, lease.versions));
      },
    },
    [`${base}/ready`]: {
      GET: (c) => {
        using lease = leased(c);
        const { ready, name } = lease.face;
        return ready ? answerJson(c, { name, ready }) : answerNotReady(c, `model '${name}'`);
      },
    },
    [`${base}/config`]: {
      GET: (c) => {
        using lease = leased(c);
        return answerJson(c, configOf(lease));
      },
    },
    [`${base}/stats`]: {
      GET: (c) => {
        using lease = leased(c);
        const version = c.req.param("version");
        return answerJson(
          c,
          statistics.read({ model: lease.face.name, ...(version === undefined ? {} : { version }) }),
        );
      },
    },
    [`${base}/infer`]: { POST: infer },
  });
  return {
    "/v2/models/stats": { GET: (c) => answerJson(c, statistics.read()) },
    ...routesUnder("/v2/models/:model"),
    ...routesUnder("/v2/models/:model/versions/:version"),
  };
}

/**
 * Of the graph behind either name: clients that do their own decoding look here for the inputs to send, and may send them
 * under the name of the model.
 */
function configOf({ face, model }: FaceLease): object {
  const { settings, info, placement, faces, instances, metadata } = model;
  const { platform, inputs, outputs, maxBatchSize } = faces.tensor;
  return describeConfig({
    ...{ name: face.name, platform, inputs, outputs, maxBatchSize },
    versionPolicy: policyOf(settings.versionPolicy),
    imageFormat: info ? "NCHW" : undefined,
    batching: settings.batching,
    instances,
    onGpu: placement.executionProvider !== "cpu" && placement.executionProvider !== "remote",
    metadata: graphMetadata(metadata, info),
  });
}

function policyOf(policy: VersionPolicy): ConfigVersionPolicy {
  if (policy.kind === "all") return "all";
  return policy.kind === "latest" ? { latest: policy.count } : { specific: policy.versions.map(Number) };
}

/** Clients differ in where they look: at the status, at `ready`, or at `error`. */
export function answerNotReady(c: Context, what: string): Response {
  c.header("tradewind-error", "model_not_ready");
  c.header("retry-after", "1");
  return answerJson(c, { error: `${what} is not ready`, ready: false }, 503);
}
