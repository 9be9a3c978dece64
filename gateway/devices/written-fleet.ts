import { type DeviceSight, livenessAt, sight } from "./device-sight.ts";
import { type EdgeRollout, noCount, type Ring, type RingCount, ringInWords } from "./rings/rollout.ts";
import type { ModelSum } from "./sum-fleet.ts";

/** A model's devices as programs read of them, over HTTP and on a terminal alike. */
export function writeModelSum({ model, devices, states, releases, failures, lag }: ModelSum) {
  return {
    ...{ model, devices, states: { ...states } },
    releases: releases.map((one) => ({ ...one })),
    failures: failures.map((one) => ({ ...one })),
    lag: lag
      ? { devices: lag.devices, p50_ms: Math.round(lag.p50Ms), most_ms: Math.round(lag.mostMs) }
      : null,
  };
}

export function writeEdgeRollout(rollout: EdgeRollout) {
  const { id, model, release, rings, gate, state, progress, why, actor, note, startedAt, endedAt } = rollout;
  return {
    ...{ rollout: id, model, release, state, why, actor, note },
    ring: progress.ring + 1,
    ring_since: moment(progress.since),
    rings: rings.map((ring, place) => writeRing(ring, progress.counts[place] ?? noCount)),
    gate: {
      ...{ least: gate.least, soak_ms: gate.soakMs, max_failures: gate.maxFailures },
      min_agreement: gate.minAgreement === null ? null : gate.minAgreement / 1_000_000,
    },
    started_at: startedAt.toISOString(),
    ended_at: endedAt?.toISOString() ?? null,
  };
}

export function writeDevice(device: DeviceSight, now: number) {
  const { id, label, hardware, agent, lastSeen, setAside, trouble } = device;
  return {
    ...{ device: id, label: label ?? null, hardware, agent },
    last_seen: lastSeen === undefined ? null : moment(lastSeen),
    liveness: livenessAt(device, now),
    set_aside: setAside ? { at: moment(setAside.at), why: setAside.why } : null,
    trouble: trouble ?? null,
    models: device.models.map((one) => {
      const { state, failure, lagMs } = sight(device, one, now);
      const { planned, reported } = one;
      return {
        ...{ model: one.model, state, desired: planned?.release ?? null, why: planned?.why ?? null },
        reported: reported?.active?.release ?? null,
        version: reported?.active?.version ?? null,
        reported_at: reported ? moment(reported.at) : null,
        failure: failure ? { ...failure } : null,
        agreement: reported?.agreement == null ? null : reported.agreement / 1_000_000,
        images: reported?.images ?? null,
        p95_ms: reported?.p95Ms ?? null,
        lag_ms: lagMs === undefined ? null : Math.round(lagMs),
      };
    }),
  };
}

function writeRing(ring: Ring, count: RingCount) {
  const { agreementSum, agreementTold, agreementLow: _, causes, ...rest } = count;
  return {
    ...{ ring: ringInWords(ring), ...rest, causes: { ...causes } },
    agreement: agreementTold === 0 ? null : agreementSum / agreementTold / 1_000_000,
  };
}

function moment(at: number): string {
  return new Date(at).toISOString();
}
