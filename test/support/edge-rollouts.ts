import type { DeviceFacts, Release, ReportedModel } from "#gateway/devices/rings/plan-device.ts";
import {
  type EdgeRollout,
  firstProgress,
  noCount,
  type RingCount,
  usualGate,
  usualRings,
} from "#gateway/devices/rings/rollout.ts";
import type { ModelReport, Report } from "#infra/runtime/devices/words.ts";

export const model = "digits-n";

export function deviceId(number: number): string {
  return `dev_${number.toString(36).padStart(26, "0")}`;
}

type Given = Partial<EdgeRollout> & { readonly ring?: number };

/** A rollout of release 2 over the usual rings, in its last ring unless another one is said. */
export function edgeRollout({ ring, ...given }: Given = {}): EdgeRollout {
  const rings = given.rings ?? usualRings;
  return {
    ...{ id: "er_two", order: 2, model, release: 2, rings, gate: usualGate, state: "running" },
    progress: { ...firstProgress(rings, 0), ring: ring ?? rings.length - 1 },
    ...{ why: "", actor: "ann", note: "", startedAt: new Date(0), endedAt: undefined },
    ...given,
  };
}

export function ringCount(given: Partial<RingCount>): RingCount {
  return { ...noCount, ...given };
}

export function releasesOf(numbers: readonly number[], revoked: readonly number[] = []): Release[] {
  return numbers.map((release) => ({ model, release, revoked: revoked.includes(release) }));
}

export function deviceFacts(
  reported: Partial<ReportedModel> = {},
  more: Partial<DeviceFacts> = {},
): DeviceFacts {
  const { active = null, previous = null, highest = active ?? 0 } = reported;
  return {
    ...{ id: deviceId(7), label: undefined, models: [model], pins: new Map() },
    reported: new Map([[model, { active, previous, highest }]]),
    ...more,
  };
}

export function modelReport(given: Partial<ModelReport> = {}): ModelReport {
  return {
    ...{ model, active: null, previous: null, wanted: null, state: "in_sync", failure: null },
    ...{ agreement: null, images: 0, p95Ms: null },
    ...given,
  };
}

export function held(release: number): { release: number; version: string; sha256: string } {
  return { release, version: `v${release}`, sha256: release.toString(16).padStart(64, "0") };
}

export function deviceReport(models: readonly ModelReport[], given: Partial<Report> = {}): Report {
  return {
    ...{ agent: "1.0.0", hardware: "box", target: "x64", at: 0, clockTrusted: true, metadataAgeMs: 0 },
    ...{ trouble: null, freeBytes: null, models: [...models] },
    ...given,
  };
}
