import { z } from "zod";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { factsFromJson } from "../agreement/trial-facts.ts";
import { plain } from "../ledger/written-decision.ts";
import type { Finding, TrialsStore } from "../trials/trials-store.ts";

/** The findings of all gateways; those to which nothing was added for a week are of trials that are over. */
export function trialsInPostgres(database: Database): TrialsStore {
  return {
    isShared: true,
    write: async (gateway, findings, { signal }) => {
      await database.query(write, columnsOf(gateway, findings), { signal });
      await database.query("DELETE FROM trial_findings WHERE at < now() - interval '7 days'", [], { signal });
    },
    read: async ({ signal }) => {
      const rows = await database.query(read, [mostRead], { signal, parse: parseFinding });
      return rows.flatMap((row) => row ?? []);
    },
  };
}

/** The trial of these models is at another step: a gateway that is gone says nothing about that one. */
export async function forgetTrials(query: Query, models: readonly string[]): Promise<void> {
  await query("DELETE FROM trial_findings WHERE model = ANY ($1)", [models]);
}

/** A row is a few hundred bytes, and it is people who read. */
const mostRead = 20_000;

const write = `
  INSERT INTO trial_findings (gateway, model, backend, step, version, facts, state, is_barred, why)
  SELECT $1, given.* FROM unnest(
    $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::boolean[], $9::text[]
  ) AS given (model, backend, step, version, facts, state, is_barred, why)
  ON CONFLICT (gateway, model, backend) DO UPDATE SET
    step = excluded.step, version = excluded.version, facts = excluded.facts, state = excluded.state,
    is_barred = excluded.is_barred, why = excluded.why, at = now()`;

const read = `SELECT model, backend, step, version, facts, state, is_barred, why
  FROM trial_findings WHERE at >= now() - interval '7 days' ORDER BY at DESC LIMIT $1`;

function columnsOf(gateway: string, findings: readonly Finding[]): readonly unknown[] {
  const texts = (of: (finding: Finding) => string) => findings.map((finding) => plain(of(finding)));
  return [
    gateway,
    texts(({ model }) => model),
    texts(({ backend }) => backend),
    texts(({ step }) => step),
    texts(({ version }) => version),
    findings.map(({ facts }) => JSON.stringify(facts)),
    findings.map(({ state }) => state),
    findings.map(({ isBarred }) => isBarred),
    texts(({ why }) => why),
  ];
}

const row = z.object({
  model: z.string(),
  backend: z.string(),
  step: z.string(),
  version: z.string(),
  facts: z.unknown(),
  state: z.enum(["unknown", "agrees", "drifts"]),
  is_barred: z.boolean(),
  why: z.string(),
});

/** Facts that another version of the gateway writes in other words are left out. */
function parseFinding(given: unknown): Finding | undefined {
  const { facts: written, is_barred: isBarred, ...finding } = row.parse(given);
  const facts = factsFromJson(written);
  return facts && { ...finding, isBarred, facts };
}
