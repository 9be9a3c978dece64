import { type Context, Hono } from "hono";
import { sniffImage } from "#inference/image/sniff.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { InFlight } from "#infra/runtime/in-flight.ts";
import { readBody } from "#infra/runtime/read-body.ts";
import { deadlineFor } from "../admission/deadline.ts";
import type { Config } from "../config.ts";
import { type DispatchAnswer, dispatch } from "../dispatch/dispatch.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Fleet, Route } from "../fleet/snapshot.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { readOptions } from "./detect-options.ts";

export type ImagesDeps = {
  /** Asked on each request, since the fleet may be replaced between two. */
  readonly fleet: () => Fleet;
  readonly directory: Directory;
  readonly limits: Config["limits"];
  readonly inFlight: InFlight;
  readonly clock: Clock;
};

/** An image in, boxes out. */
export function imageRoutes(deps: ImagesDeps): Hono<GatewayEnv> {
  return new Hono<GatewayEnv>()
    .get("/v1/models", (c) => c.json({ models: listModels(deps) }))
    .post("/v1/models/:model/detect", async (c) => {
      const route = findRoute(deps.fleet(), c.req.param("model"));
      c.set("model", route.model);
      const options = readOptions(c.req.queries());
      refuseWrapped(c);
      using place = deps.inFlight.enter(bytesExpected(c, deps.limits.body));
      const image = await readBody(c, { maxBytes: deps.limits.body, timeoutMs: deps.limits.bodyTimeout });
      place.settle(image.byteLength);
      sniffImage(image);
      using deadline = deadlineFor(c, { timeoutMs: deps.limits.requestTimeout });
      const answer = await dispatch({ route, image, options, signal: deadline.signal }, deps.directory);
      c.set("backend", answer.backend.id);
      return c.json(present(answer, route, c.get("requestId"), deps.clock.elapsed() - c.get("startedAt")));
    });
}

/** A body of undeclared length may become as large as any; one declared too large is refused before a byte of it is kept. */
function bytesExpected(c: Context, most: number): number {
  const declared = Number(c.req.header("content-length") ?? most);
  if (declared > most) return 0;
  return declared >= 0 ? declared : most;
}

function listModels({ fleet, directory }: ImagesDeps): object[] {
  return [...fleet().routes.values()].map(({ model, groups, sloMs }) => {
    const info = groups
      .flat()
      .map((backend) => directory.find(backend, model))
      .find((found) => found !== undefined);
    const { version, task, precision, names, input } = info ?? {};
    return { name: model, ready: info !== undefined, slo_ms: sloMs, version, task, precision, names, input };
  });
}

function findRoute(fleet: Fleet, model: string): Route {
  const route = fleet.routes.get(model);
  if (route) return route;
  const known = [...fleet.routes.keys()].join(", ");
  throw new TradewindError(
    "model_unknown",
    `no model ${JSON.stringify(model.slice(0, 64))} here; there is ${known}`,
  );
}

/** Forms and JSON would reach the decoder as rubbish; saying so beats "not an image". */
function refuseWrapped(c: Context): void {
  const type = (c.req.header("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type === "multipart/form-data" || type === "application/json") {
    throw new TradewindError("image_type_unsupported", `send the image itself as the body, not ${type}`);
  }
  const encoding = c.req.header("content-encoding");
  if (encoding !== undefined && encoding !== "identity") {
    throw new TradewindError(
      "encoding_unsupported",
      `content-encoding ${encoding.slice(0, 32)} is not accepted, images are compressed already`,
    );
  }
}

function present(answer: DispatchAnswer, route: Route, requestId: string, totalMs: number): object {
  const { backend, model, image, detections, timings } = answer;
  const inBackend = timings.queue + timings.preprocess + timings.inference + timings.postprocess;
  return {
    request_id: requestId,
    model: model.name,
    version: model.version,
    precision: model.precision,
    image,
    detections: detections.map(({ box, score, ...rest }) => ({
      ...rest,
      score: round(score, 4),
      box: roundBox(box),
    })),
    backend: backend.id,
    cache: "off",
    deadline_missed: totalMs > route.sloMs,
    timings_ms: {
      queue: round(timings.queue, 2),
      preprocess: round(timings.preprocess, 2),
      inference: round(timings.inference, 2),
      postprocess: round(timings.postprocess, 2),
      gateway: round(Math.max(0, totalMs - inBackend), 2),
      total: round(totalMs, 2),
    },
    cost_usd: backend.usdPerRequest,
  };
}

function roundBox({ x1, y1, x2, y2 }: DispatchAnswer["detections"][number]["box"]): object {
  return { x1: round(x1, 1), y1: round(y1, 1), x2: round(x2, 1), y2: round(y2, 1) };
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
