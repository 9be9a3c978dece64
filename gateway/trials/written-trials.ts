import type { z } from "zod";
import type { TrialRow } from "../agreement/trial-status.ts";
import type { trialsAnswer } from "../document/trials-routes.ts";
import type { TrialsReport } from "./compare-beside.ts";
import type { TrialReport } from "./report-trials.ts";

export type WrittenTrials = z.output<typeof trialsAnswer>;

type WrittenTrial = WrittenTrials["trials"][number];

/** As the administrators' door and `tradewind status --json` give them. */
export function writeTrials({ isShared, trials }: TrialsReport): WrittenTrials {
  return { kept_by: isShared ? "fleet" : "process", trials: trials.map(writeTrial) };
}

export function readTrials({ kept_by, trials }: WrittenTrials): TrialsReport {
  return { isShared: kept_by === "fleet", trials: trials.map(readTrial) };
}

function writeTrial({ model, incumbents, candidates, drifting }: TrialReport): WrittenTrial {
  return {
    model,
    incumbents: incumbents.map(writeRow),
    candidates: candidates.map(({ row, kind, share, verdict, why, confidence }) => {
      return { ...writeRow(row), kind, share, verdict, why, confidence };
    }),
    drifting: drifting.map(({ backend, isBarred: is_barred, why }) => ({ backend, is_barred, why })),
  };
}

function readTrial({ model, incumbents, candidates, drifting }: WrittenTrial): TrialReport {
  return {
    model,
    incumbents: incumbents.map(readRow),
    candidates: candidates.map((one) => {
      const { backend: provider, kind, share, verdict, why, confidence } = one;
      return { provider, kind, share, verdict, why, confidence, row: readRow(one) };
    }),
    drifting: drifting.map(({ backend, is_barred: isBarred, why }) => ({ backend, isBarred, why })),
  };
}

type WrittenRow = WrittenTrial["incumbents"][number];

function writeRow(row: TrialRow): WrittenRow {
  return {
    backend: row.backend,
    agreement: row.agreement ?? null,
    p50_ms: row.p50Ms ?? null,
    p99_ms: row.p99Ms ?? null,
    usd_per_million: row.usdPerMillion ?? null,
    errors: row.errors ?? null,
    samples: row.samples,
  };
}

function readRow(row: WrittenRow): TrialRow {
  return {
    backend: row.backend,
    agreement: row.agreement ?? undefined,
    p50Ms: row.p50_ms ?? undefined,
    p99Ms: row.p99_ms ?? undefined,
    usdPerMillion: row.usd_per_million ?? undefined,
    errors: row.errors ?? undefined,
    samples: row.samples,
  };
}
