import { z } from "zod";
import { failureCauses, type ModelReport, type Report } from "#infra/runtime/devices/words.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { isReached, type RingMember, ringOf } from "../devices/rings/cohort.ts";
import { moveCount, type Outcome, outcomeKinds, outcomeOf, sameOutcome } from "../devices/rings/outcome.ts";
import type { EdgeRollout } from "../devices/rings/rollout.ts";
import { holdEdgeRollout, readEdgeRollouts } from "./edge-rollouts.ts";
import { writeJudged } from "./judge-rollouts.ts";
import { readPins } from "./pins.ts";
import { storableJson } from "./storable.ts";

export type ReportingDevice = RingMember & {
  /** None listed: all. */
  readonly models: readonly string[];
};

export type ReportAsk = {
  readonly device: ReportingDevice;
  readonly report: Report;
  readonly now: number;
};

/**
 * Keeps what a device said last, and counts it: once for each rollout, however often it says it. The rollout is judged in
 * the same transaction, so that a ring that failed stops before another device is told of it.
 */
export async function recordReport(
  database: Database,
  { device, report, now }: ReportAsk,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const said = ownModels(device, report);
  await database.transaction(async (query) => {
    await keepReport(query, { device, report, now });
    const models = device.models.length > 0 ? said : await heardOf(query, device, said);
    await keepModels(query, { device, models, now });
    const rollouts = await countable(query, device, models);
    for (const { id, told } of rollouts) await count(query, { id, told, device, now });
  }, options);
}

/** A device speaks of the models that it may have, of each once. */
function ownModels({ models }: ReportingDevice, report: Report): readonly ModelReport[] {
  const own = report.models.filter(({ model }) => models.length === 0 || models.includes(model));
  const each = new Map(own.map((one) => [one.model, one]));
  return [...each.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
}

/** One that may have all models could make up any number of names, each of which would stay on record and in the metrics. */
async function heardOf(
  query: Query,
  { id }: RingMember,
  said: readonly ModelReport[],
): Promise<readonly ModelReport[]> {
  const text = `SELECT model FROM edge_rollouts WHERE model = ANY ($1)
    UNION SELECT model FROM device_models WHERE device = $2 AND planned_why IS NOT NULL AND model = ANY ($1)`;
  const names = said.map(({ model }) => model);
  const known = new Set(await query(text, [names, id], { parse: (row) => named.parse(row).model }));
  return said.filter(({ model }) => known.has(model));
}

const named = z.object({ model: z.string() });

/** The device's row is held from here on: its own reports are counted one after the other. */
async function keepReport(query: Query, { device, report, now }: ReportAsk): Promise<void> {
  const { models: _, ...rest } = report;
  const text = "UPDATE devices SET report = $2, reported_at = $3 WHERE id = $1";
  await query(text, [device.id, storableJson(rest), new Date(now)]);
}

type Kept = { readonly device: RingMember; readonly models: readonly ModelReport[]; readonly now: number };

async function keepModels(query: Query, { device, models, now }: Kept): Promise<void> {
  const releases = (of: (one: ModelReport) => { readonly release: number } | null) =>
    models.map((one) => of(one)?.release ?? null);
  const text = `INSERT INTO device_models AS kept (device, model, active, previous, highest, report, reported_at)
    SELECT $1, model, active, previous, coalesce(active, 0), report, $2
    FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::jsonb[]) AS told (model, active, previous, report)
    ON CONFLICT (device, model) DO UPDATE SET active = excluded.active, previous = excluded.previous,
      highest = greatest(kept.highest, excluded.highest), report = excluded.report,
      reported_at = excluded.reported_at`;
  await query(text, [
    device.id,
    new Date(now),
    models.map(({ model }) => model),
    releases(({ active }) => active),
    releases(({ previous }) => previous),
    models.map((one) => storableJson(one)),
  ]);
}

type Countable = { readonly id: string; readonly told: ModelReport };

/** Rollouts of which the report says something new, always in one order, or two devices could wait for each other. */
async function countable(
  query: Query,
  device: ReportingDevice,
  models: readonly ModelReport[],
): Promise<readonly Countable[]> {
  if (models.length === 0) return [];
  const latest = await readEdgeRollouts(query, { models: models.map(({ model }) => model), most: 1 });
  const pins = await readPins(query, device.id);
  const found: Countable[] = [];
  for (const rollout of latest) {
    const told = models.find(({ model }) => model === rollout.model);
    if (!told || pins.has(rollout.model)) continue;
    const outcome = outcomeIn(rollout, device, told);
    if (outcome && !isSame(outcome, await readOutcome(query, rollout.id, device.id)))
      found.push({ id: rollout.id, told });
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function count(
  query: Query,
  { id, told, device, now }: Countable & { readonly device: ReportingDevice; readonly now: number },
): Promise<void> {
  const held = await holdEdgeRollout(query, id);
  const to = held && outcomeIn(held, device, told);
  if (!held || !to) return;
  const before = await readOutcome(query, id, device.id);
  if (isSame(to, before)) return;
  const ring = before?.ring ?? ringOf(held, device) ?? held.progress.ring;
  await writeOutcome(query, { rollout: id, device: device.id, ring, outcome: to, now });
  const progress = moveCount(held.progress, { ring, from: before?.outcome, to }, held.gate);
  await writeJudged(query, held, { after: { ...held, progress }, now });
}

/** Only what was really asked of the device counts: another rollout's news, or a ring that has not begun, does not. */
function outcomeIn(rollout: EdgeRollout, device: RingMember, told: ModelReport): Outcome | undefined {
  const isOpen = rollout.state === "running" || rollout.state === "paused" || rollout.state === "done";
  if (!isOpen || !isReached(rollout, device)) return undefined;
  if (told.rollout !== undefined && told.rollout !== rollout.id) return undefined;
  return outcomeOf(told, rollout.release);
}

type KeptOutcome = { readonly ring: number; readonly outcome: Outcome };

function isSame(outcome: Outcome, kept: KeptOutcome | undefined): boolean {
  return kept !== undefined && sameOutcome(outcome, kept.outcome);
}

async function readOutcome(query: Query, rollout: string, device: string): Promise<KeptOutcome | undefined> {
  const text =
    "SELECT ring, kind, cause, agreement FROM edge_rollout_outcomes WHERE rollout = $1 AND device = $2";
  const parse = (given: unknown): KeptOutcome => {
    const { ring, ...outcome } = outcomeRow.parse(given);
    return { ring, outcome };
  };
  const [found] = await query(text, [rollout, device], { parse });
  return found;
}

type Written = KeptOutcome & { readonly rollout: string; readonly device: string; readonly now: number };

async function writeOutcome(query: Query, { rollout, device, ring, outcome, now }: Written): Promise<void> {
  const { kind, cause, agreement } = outcome;
  const text = `INSERT INTO edge_rollout_outcomes (rollout, device, ring, kind, cause, agreement, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (rollout, device) DO UPDATE SET kind = $4, cause = $5, agreement = $6, at = $7`;
  await query(text, [rollout, device, ring, kind, cause, agreement, new Date(now)]);
}

const outcomeRow = z.object({
  ring: z.number(),
  kind: z.enum(outcomeKinds),
  cause: z.enum(failureCauses).nullable(),
  agreement: z.number().nullable(),
});
