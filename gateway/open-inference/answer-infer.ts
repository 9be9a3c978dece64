import type { Context } from "hono";
import { readBody } from "#infra/runtime/read-body.ts";
import { needScope } from "../admission/permissions.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { addHeaders, answerPassed } from "./answers.ts";
import { countImages } from "./count-images.ts";
import type { OpenInferenceDeps } from "./deps.ts";
import { dispatchInfer } from "./dispatch-infer.ts";
import { backendsFor, type Target } from "./find-target.ts";
import { inferOnce } from "./infer-once.ts";
import { headersForBackend } from "./pass-headers.ts";
import type { Passed } from "./pass-on.ts";
import { deadlineOf, targetOf } from "./requested.ts";

/** One infer request from its head to its answer, its tensors untouched on the way. */
export async function answerInfer(c: Context<GatewayEnv>, deps: OpenInferenceDeps): Promise<Response> {
  const caller = c.get("caller");
  needScope(caller, "infer");
  const target = targetOf(c, deps);
  deps.admission.refuseExhausted(caller, target.route.model);
  using place = deps.inFlight.enter(0);
  using deadline = deadlineOf(c, deps);
  const { body: maxBytes, bodyTimeout: timeoutMs } = deps.limits;
  const body = await readBody(c, { maxBytes, timeoutMs, onBytes: place.grow });
  const { signal } = deadline;
  const sending: Sending = { target, path: `${target.path}/infer${queryOf(c)}`, body, signal };
  const work = () => infer(c, sending, deps);
  const key = c.req.header("idempotency-key");
  return key === undefined
    ? answerPassed(c, await work())
    : await inferOnce(c, { ...sending, key }, deps, work);
}

type Sending = {
  readonly target: Target;
  readonly path: string;
  readonly body: Buffer;
  readonly signal: AbortSignal;
};

/** A batch of what detectors have as outputs is tens of megabytes. */
const mostTensorBytes = 64 * 1_048_576;

async function infer(
  c: Context<GatewayEnv>,
  { target, path, body, signal }: Sending,
  deps: OpenInferenceDeps,
): Promise<Passed> {
  const headers = headersForBackend(c.req.header(), c.get("trace"));
  const images = countImages({
    body,
    headLength: headers["inference-header-content-length"],
    encoding: headers["content-encoding"],
  });
  using admitted = await deps.admit(c, { route: target.route, images });
  addHeaders(c, admitted.headers);
  const call = { method: "POST", path, headers, body, signal, maxBytes: mostTensorBytes } as const;
  const able = new Set(backendsFor(target, deps.directory));
  const { requestId, caller } = c.var;
  const asked = { requestId, caller, target, call, able, images, watch: admitted };
  const passed = await dispatchInfer(asked, deps);
  admitted.answered(passed.nanoUsd);
  return passed;
}

function queryOf({ req }: Context): string {
  const at = req.url.indexOf("?");
  return at < 0 ? "" : req.url.slice(at);
}
