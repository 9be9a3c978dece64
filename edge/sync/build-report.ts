import type { ModelReport, PlannedModel, Report } from "#infra/runtime/devices/words.ts";
import type { DeviceState, ModelState, Slot } from "../store/device-state.ts";
import { modelOf } from "../store/model-state.ts";
import type { Machine } from "./choose-artefact.ts";
import type { AnswerCount } from "./count-answers.ts";
import type { SyncMemo } from "./sync-parts.ts";

export type ReportFacts = {
  readonly state: DeviceState;
  readonly memo: Pick<SyncMemo, "plan" | "trouble" | "failures" | "onTheWay">;
  readonly machine: Machine;
  /** What the operator calls such machines. */
  readonly hardware: string;
  /** By the device's clock. */
  readonly at: number;
  readonly clockTrusted: boolean;
  /** By the time that signed lists are held against. */
  readonly trustedNow: number;
  readonly freeBytes: number | null;
  /** Names of models that answer now, and whether each came with the device. */
  readonly running: ReadonlyMap<string, { readonly isBuiltIn: boolean }>;
  readonly counts: (model: string) => AnswerCount;
};

/** What the gateway is told of this device: how models stand, and nothing of what they looked at. */
export function buildReport(facts: ReportFacts): Report {
  const { state, memo, machine, hardware, at, clockTrusted, trustedNow, freeBytes, running } = facts;
  const { checkedAtMs } = state.trust;
  const planned = new Map(memo.plan?.models.map((one) => [one.model, one]));
  const names = new Set([...Object.keys(state.models), ...planned.keys(), ...running.keys()]);
  return {
    agent: machine.agent,
    hardware,
    target: machine.target,
    at,
    clockTrusted,
    metadataAgeMs: checkedAtMs === 0 ? null : Math.max(0, Math.trunc(trustedNow - checkedAtMs)),
    trouble: memo.trouble,
    freeBytes,
    models: [...names]
      .sort()
      .slice(0, 100)
      .map((model) => reportModel(model, planned.get(model), facts)),
  };
}

function reportModel(model: string, planned: PlannedModel | undefined, facts: ReportFacts): ModelReport {
  const known = modelOf(facts.state, model);
  const { active, previous, agreement } = known;
  const { images, p95Ms } = facts.counts(model);
  const failure = failureOf(model, planned, known, facts);
  const wanted = facts.memo.onTheWay.get(model) ?? known.trial?.release ?? planned?.release ?? null;
  return {
    model,
    active: held(active),
    previous: held(previous),
    wanted: wanted === active?.release ? null : wanted,
    state: stateOf(known, { planned, failure, running: facts.running.get(model) }),
    failure,
    agreement,
    ...(planned?.rollout !== undefined && { rollout: planned.rollout }),
    images,
    p95Ms,
  };
}

function held(slot: Slot | null): ModelReport["active"] {
  return slot && { release: slot.release, version: slot.version, sha256: slot.sha256 };
}

/** What keeps the device from what is planned; of one that is there, the newer one from which it fell back. */
function failureOf(
  model: string,
  planned: PlannedModel | undefined,
  { quarantined, active }: ModelState,
  { memo }: ReportFacts,
): ModelReport["failure"] {
  const now = memo.failures.get(model);
  if (now) return now;
  const release = planned?.release ?? active?.release ?? null;
  const isThere = release === (active?.release ?? null);
  const last = quarantined.findLast((one) =>
    isThere ? one.release > (release ?? 0) : one.release === release,
  );
  return last ? { cause: last.cause, release: last.release, detail: last.detail } : null;
}

type Standing = {
  readonly planned: PlannedModel | undefined;
  readonly failure: ModelReport["failure"];
  readonly running: { readonly isBuiltIn: boolean } | undefined;
};

function stateOf(
  { active, probation }: ModelState,
  { planned, failure, running }: Standing,
): ModelReport["state"] {
  if (running?.isBuiltIn) return "built_in";
  if (failure) return failure.cause === "unhealthy" || failure.cause === "revoked" ? "fell_back" : "failed";
  const release = planned?.release ?? active?.release ?? null;
  if (release === null) return "none";
  if (active?.release !== release) return "syncing";
  return probation ? "probation" : "in_sync";
}
