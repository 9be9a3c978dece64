import type { Context } from "hono";
import { type TaskPath, taskPaths } from "#inference/image-api/image-request.ts";
import { onLeaveOf } from "#infra/runtime/caller-leaves.ts";
import { readBody } from "#infra/runtime/read-body.ts";
import { mayUse } from "../admission/permissions.ts";
import { describedModels, describeTask } from "../document/image-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { answerImages } from "../images/answer-images.ts";
import type { ImageAsk } from "../images/image-ask.ts";
import type { ImagesDeps } from "../images/images-deps.ts";

/** Images in, what is found in them out; and the models that look at them. */
export function imageRoutes(deps: ImagesDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedModels, (c) => c.json({ models: listModels(c, deps) }));
  for (const task of taskPaths) {
    mount(routes, describeTask(task), async (c) => {
      const { status, headers, body } = await answerImages(askOf(c, task), deps);
      return c.body(body, status as 200, { ...headers });
    });
  }
  return routes;
}

function askOf(c: Context<GatewayEnv>, task: TaskPath): ImageAsk {
  return {
    task,
    requestId: c.get("requestId"),
    startedAt: c.get("startedAt"),
    trace: c.get("trace"),
    caller: c.get("caller"),
    model: c.req.param("model") ?? "",
    query: c.req.queries(),
    header: (name) => c.req.header(name),
    readBody: (options) => readBody(c, options),
    onLeave: onLeaveOf(c),
    note: ({ model, backend }) => {
      if (model !== undefined) c.set("model", model);
      if (backend !== undefined) c.set("backend", backend);
    },
  };
}

function listModels(c: Context<GatewayEnv>, { fleet, directory }: ImagesDeps): object[] {
  const mine = [...fleet().routes.values()].filter(({ model }) => mayUse(c.get("caller"), model));
  return mine.map(({ model, backends, sloMs }) => {
    const info = backends
      .map((backend) => directory.find(backend, model))
      .find((found) => found !== undefined);
    const { version, versions, task, precision, names, input } = info ?? {};
    const facts = { version, versions, task, precision, names, input };
    return { name: model, ready: info !== undefined, slo_ms: sloMs, ...facts };
  });
}
