import { z } from "zod";
import type { Decision } from "./decision.ts";

const candidate = z.object({
  backend: z.string(),
  predicted_ms: z.number().exactOptional(),
  usd: z.number().exactOptional().describe("What this request would have added to the bill"),
  miss_chance: z.number().exactOptional().describe("How likely its answer would have been late, from 0 to 1"),
  score_usd: z
    .number()
    .exactOptional()
    .describe("With what a late answer and the wait cost: the lowest is taken"),
  verdict: z.string().describe("Why it was chosen, or what it lost by"),
});

const tryMade = z.object({
  backend: z.string(),
  kind: z.enum(["first", "hedge", "retry"]),
  verdict: z.string(),
  sent_after_ms: z.number(),
  predicted_ms: z.number(),
  usd: z.number(),
  ms: z.number(),
  state: z.enum(["out", "answered", "failed", "abandoned"]),
  code: z.string().exactOptional(),
});

const outcome = z.object({
  answered_by: z.string().exactOptional(),
  code: z.string().exactOptional().describe("Why there is no answer"),
  total_ms: z.number(),
  missed: z.boolean().describe("Whether it came too late, or not at all through no fault of the caller's"),
  usd: z.number().describe("An estimate, of all tries"),
  cheapest_other_usd: z.number().exactOptional().describe("Of others that were likely to be in time"),
  dearest_other_usd: z.number().exactOptional(),
});

/** A decision as it is kept and shown. */
export const writtenDecision = z.object({
  request_id: z.string(),
  image: z.int().describe("Which of the request's images, from 0"),
  at: z.string(),
  tenant: z.string(),
  key_id: z.string(),
  model: z.string(),
  version: z.string().exactOptional(),
  slo_ms: z.number(),
  deadline_ms: z.number(),
  bytes: z.number(),
  objective: z.enum(["cost", "balanced", "latency", "custom"]),
  candidates: z.array(candidate).describe("The chosen one first, then the best of the others"),
  more_candidates: z.int(),
  tries: z.array(tryMade),
  outcome,
});

export type WrittenDecision = z.output<typeof writtenDecision>;

export function writeDecision(decision: Decision): WrittenDecision {
  const { at, version, candidates, tries } = decision;
  return {
    request_id: plain(decision.requestId),
    image: decision.image,
    at: new Date(at).toISOString(),
    tenant: plain(decision.tenant),
    key_id: plain(decision.keyId),
    model: plain(decision.model),
    ...(version !== undefined && { version: plain(version) }),
    slo_ms: decision.sloMs,
    deadline_ms: decision.deadlineMs,
    bytes: decision.bytes,
    objective: decision.objective,
    candidates: candidates.map(writeCandidate),
    more_candidates: decision.more,
    tries: tries.map(writeTry),
    outcome: writeOutcome(decision.outcome),
  };
}

export function readDecision(written: WrittenDecision): Decision {
  const { candidates, tries, outcome: ended } = written;
  const { code, missed, answered_by, cheapest_other_usd, dearest_other_usd } = ended;
  return {
    requestId: written.request_id,
    image: written.image,
    at: Date.parse(written.at),
    tenant: written.tenant,
    keyId: written.key_id,
    model: written.model,
    version: written.version,
    sloMs: written.slo_ms,
    deadlineMs: written.deadline_ms,
    bytes: written.bytes,
    objective: written.objective,
    candidates: candidates.map(readCandidate),
    more: written.more_candidates,
    tries: tries.map(readTry),
    outcome: {
      ...(answered_by !== undefined && { answeredBy: answered_by }),
      ...(code !== undefined && { code }),
      totalMs: ended.total_ms,
      missed,
      spentUsd: ended.usd,
      ...(cheapest_other_usd !== undefined && { cheapestOtherUsd: cheapest_other_usd }),
      ...(dearest_other_usd !== undefined && { dearestOtherUsd: dearest_other_usd }),
    },
  };
}

/** What callers and backends wrote may be what no database takes. */
export function plain(text: string): string {
  return text.replaceAll("\u0000", "").slice(0, 256).toWellFormed();
}

type Written<Name extends "candidates" | "tries"> = WrittenDecision[Name][number];

function writeCandidate(one: Decision["candidates"][number]): Written<"candidates"> {
  const { backend, predictedMs, costUsd, missChance, scoreUsd, verdict } = one;
  return {
    backend: plain(backend),
    ...(predictedMs !== undefined && { predicted_ms: predictedMs }),
    ...(costUsd !== undefined && { usd: costUsd }),
    ...(missChance !== undefined && { miss_chance: missChance }),
    ...(scoreUsd !== undefined && { score_usd: scoreUsd }),
    verdict,
  };
}

function readCandidate(one: Written<"candidates">): Decision["candidates"][number] {
  const { backend, predicted_ms, usd, miss_chance, score_usd, verdict } = one;
  return {
    backend,
    ...(predicted_ms !== undefined && { predictedMs: predicted_ms }),
    ...(usd !== undefined && { costUsd: usd }),
    ...(miss_chance !== undefined && { missChance: miss_chance }),
    ...(score_usd !== undefined && { scoreUsd: score_usd }),
    verdict,
  };
}

function writeTry(made: Decision["tries"][number]): Written<"tries"> {
  const { backend, sentAfterMs, predictedMs, costUsd, ...rest } = made;
  const numbers = { sent_after_ms: sentAfterMs, predicted_ms: predictedMs, usd: costUsd };
  return { backend: plain(backend), ...numbers, ...rest };
}

function readTry(made: Written<"tries">): Decision["tries"][number] {
  const { sent_after_ms, predicted_ms, usd, ...rest } = made;
  return { ...rest, sentAfterMs: sent_after_ms, predictedMs: predicted_ms, costUsd: usd };
}

function writeOutcome(ended: Decision["outcome"]): WrittenDecision["outcome"] {
  const { answeredBy, code, totalMs, missed, spentUsd, cheapestOtherUsd, dearestOtherUsd } = ended;
  return {
    ...(answeredBy !== undefined && { answered_by: plain(answeredBy) }),
    ...(code !== undefined && { code }),
    total_ms: totalMs,
    missed,
    usd: spentUsd,
    ...(cheapestOtherUsd !== undefined && { cheapest_other_usd: cheapestOtherUsd }),
    ...(dearestOtherUsd !== undefined && { dearest_other_usd: dearestOtherUsd }),
  };
}
