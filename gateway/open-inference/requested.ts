import type { Context } from "hono";
import { onLeaveOf } from "#infra/runtime/caller-leaves.ts";
import { type Deadline, openDeadline } from "#infra/runtime/deadline.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import type { OpenInferenceDeps } from "./deps.ts";
import { findTarget, type Target } from "./find-target.ts";

/** The model that the request's path names, noted for the event at its end. */
export function targetOf(c: Context<GatewayEnv>, { fleet }: OpenInferenceDeps): Target {
  const [model, version] = [c.req.param("model") ?? "", c.req.param("version")];
  const target = findTarget(fleet(), c.get("caller"), { model, version });
  c.set("model", target.route.model);
  return target;
}

/** The one signal of the request. */
export function deadlineOf(c: Context<GatewayEnv>, { limits }: OpenInferenceDeps): Deadline {
  return openDeadline({ timeoutMs: limits.requestTimeout, onLeave: onLeaveOf(c) });
}
