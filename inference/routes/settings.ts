import type { Context } from "hono";
import { answerJson } from "#inference/protocol/answer-error.ts";
import { leaseFace, type Models } from "#inference/served-faces.ts";
import type { LogControl } from "#inference/settings/logging.ts";
import type { TraceControl } from "#inference/settings/trace-control.ts";
import { readSmallBody } from "./request-body.ts";
import type { RouteTable } from "./route-table.ts";

export type SettingsDeps = {
  readonly models: Models;
  readonly logControl: LogControl;
  readonly traceControl: TraceControl;
};

/** What operators turn while the server runs: how much it logs, and which requests it traces. */
export function settingsRoutes({ models, logControl, traceControl }: SettingsDeps): RouteTable {
  const known = (c: Context): string => {
    const model = c.req.param("model") ?? "";
    using _lease = leaseFace(models, model, undefined);
    return model;
  };
  return {
    "/v2/logging": {
      GET: (c) => answerJson(c, logControl.read()),
      POST: async (c) => answerJson(c, logControl.update(await readSmallBody(c))),
    },
    "/v2/trace/setting": {
      GET: (c) => answerJson(c, traceControl.read()),
      POST: async (c) => answerJson(c, traceControl.update(await readSmallBody(c))),
    },
    "/v2/models/:model/trace/setting": {
      GET: (c) => answerJson(c, traceControl.read(known(c))),
      POST: async (c) => answerJson(c, traceControl.update(await readSmallBody(c), known(c))),
    },
  };
}
