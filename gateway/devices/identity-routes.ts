import { newProofHeader } from "#infra/runtime/devices/proof.ts";
import { createGate } from "#infra/runtime/gate.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import { describedDeviceKey, describedEdgeTime, describedEnrolment } from "../document/edge-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import { type DeviceRingDeps, knownCall } from "./device-ring.ts";
import { type EnrolDeps, enrol } from "./enrol.ts";
import { outOfSight } from "./out-of-sight.ts";
import { rotateKey } from "./rotate-key.ts";

export type IdentityDeps = DeviceRingDeps & Omit<EnrolDeps, "gate">;

/** How a device gets its name and exchanges its key, and what time it is; the ring of devices stands before the keys. */
export function identityRoutes(deps: IdentityDeps): DescribedRoutes {
  const routes = createRoutes();
  const enrolling: EnrolDeps = { ...deps, gate: createGate(mostReads) };
  const strangers = createInFlight({ most: mostStrangers });
  mount(routes, describedEnrolment, async (c) => {
    using _place = strangers.enter(mostAskBytes);
    const call = knownCall(c, mostAskBytes);
    const answer = await deps.telemetry.enrolment(() =>
      outOfSight(call.signal, () => enrol(call, enrolling)),
    );
    c.header("cache-control", "no-store");
    return c.json(answer, 201);
  });
  mount(routes, describedDeviceKey, async (c) => {
    const { method, path, signal } = knownCall(c, mostAskBytes);
    const known = { device: c.get("device"), proof: c.get("proof"), body: c.get("provedBody") };
    const call = { method, path, newProof: c.req.header(newProofHeader), signal };
    return c.json(await outOfSight(signal, () => rotateKey(known, call, deps)));
  });
  mount(routes, describedEdgeTime, (c) => {
    c.header("cache-control", "no-store");
    return c.json({ now: deps.clock.now() });
  });
  return routes;
}

const mostAskBytes = 4_096;

/** Anybody's body is read here, however slowly it comes, so these places are not those of the devices on record. */
const mostStrangers = 200;

/** As with keys that are made up: looking for tokens that are is not what the connections are for. */
const mostReads = 2;
