import type { Context, MiddlewareHandler } from "hono";
import { nonceHeader, proofHeader } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { InFlight } from "#infra/runtime/in-flight.ts";
import { readBody } from "#infra/runtime/read-body.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { type KnowDeviceDeps, type KnownCall, knowDevice } from "./know-device.ts";
import type { DeviceTelemetry } from "./measure-devices.ts";
import { outOfSight } from "./out-of-sight.ts";

export type DeviceRingDeps = KnowDeviceDeps & {
  readonly inFlight: InFlight;
  readonly telemetry: DeviceTelemetry;
};

/** The largest report that its words allow, with some room. */
export const mostBodyBytes = 131_072;

/** Sets `device`, `proof` and `provedBody` for all behind it; the body is read here, since its proof is for its bytes. */
export function deviceRing(deps: DeviceRingDeps): MiddlewareHandler<GatewayEnv> {
  return async function knowTheDevice(c, next) {
    using place = deps.inFlight.enter(c.req.method === "POST" ? mostBodyBytes : 0);
    const call = knownCall(c, mostBodyBytes);
    const known = await deps.telemetry.proof(() => outOfSight(call.signal, () => knowDevice(call, deps)));
    place.settle(known.body.byteLength);
    c.set("device", known.device);
    c.set("proof", known.proof);
    c.set("provedBody", known.body);
    await next();
    if (known.nonce !== undefined) c.header(nonceHeader, known.nonce);
  };
}

export function knownCall(c: Context<GatewayEnv>, maxBytes: number): KnownCall {
  const { pathname, search } = new URL(c.req.url);
  return {
    method: c.req.method,
    path: pathname + search,
    proof: c.req.header(proofHeader),
    readBody: () => bodyOf(c, maxBytes),
    signal: AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(patienceMs)]),
  };
}

const patienceMs = 15_000;

/** A proof is for a body of nothing as well. */
async function bodyOf(c: Context<GatewayEnv>, maxBytes: number): Promise<Buffer> {
  if (c.req.method !== "POST") return Buffer.alloc(0);
  try {
    return await readBody(c, { maxBytes, timeoutMs: 10_000 });
  } catch (error) {
    if (error instanceof TradewindError && error.code === "body_empty") return Buffer.alloc(0);
    throw error;
  }
}
