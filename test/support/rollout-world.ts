import { countAgreement, countOutcome, noFacts, type TrialFacts } from "#gateway/agreement/trial-facts.ts";
import { parseConfig } from "#gateway/config.ts";
import type { Leading } from "#gateway/operations/leader.ts";
import { followRollout } from "#gateway/operations/rollouts/follow-rollout.ts";
import type { Rollout } from "#gateway/operations/rollouts/rollout.ts";
import type { RolloutDeps } from "#gateway/operations/rollouts/rollout-deps.ts";
import { type RolloutAsk, startRollout } from "#gateway/operations/rollouts/start-rollout.ts";
import { newestConfiguration, publishConfiguration } from "#gateway/records/configurations.ts";
import { notLeader, raiseTerm } from "#gateway/records/leader.ts";
import { readRollout } from "#gateway/records/rollouts.ts";
import { trialsInPostgres } from "#gateway/records/trials.ts";
import { plansOfSettings, stepOf } from "#gateway/trials/trial-plan.ts";
import type { Finding } from "#gateway/trials/trials-store.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createFakePlatform, type FakePlatform } from "./fake-control.ts";

export const fleetText = `# our fleet
models: { digits: { source: x }, letters: { source: y } }
providers:
  near: { kind: cloud-run, project: p-1, region: europe-west4, service: near, usdPerHour: 1 } # close by
  # across the sea
  far:
    kind: cloud-run
    project: p-1
    region: us-central1   # cheap
    service: far
    usdPerHour: 0.8
  old: { kind: static, urls: [http://127.0.0.1:9] }

routes:
  - models: [digits, letters]
    failover: [[near], [far, old]] # in this order
    agreement: { with: [near, far] }
fleet:
  every: 1s
  rollout: { order: [far], steps: [10%, 50%], bake: 1s, patience: 1m, ready: 1m }
`;

export const v2 = `digits@sha256:${"2".repeat(64)}`;

/** What gateways find of a candidate: as good as the others, worse, slower, failing, or nothing at all. */
export type Quality = "good" | "wrong" | "slow" | "failing" | "silent";

export type RolloutWorld = {
  readonly clock: FakeClock;
  readonly near: FakePlatform;
  readonly far: FakePlatform;
  readonly text: () => Promise<string>;
  readonly start: (ask?: Partial<RolloutAsk>) => Promise<Rollout>;
  /** One turn of whoever leads. */
  readonly turn: (id: string, more?: Partial<RolloutDeps>) => Promise<Rollout>;
  readonly leadAnew: () => Promise<Led>;
  /** What gateways would have written by now of everything that is on trial. */
  readonly measure: (quality: (provider: string) => Quality) => Promise<void>;
  /** Turn after turn, with traffic and time between, until it is over or so many went by. */
  readonly run: (id: string, options?: RunOptions) => Promise<Rollout>;
};

export type Led = { readonly leading: Leading; readonly kill: () => void; readonly end: () => void };

export type RunOptions = {
  readonly quality?: (provider: string) => Quality;
  readonly turns?: number;
  readonly stepMs?: number;
  readonly until?: (rollout: Rollout) => boolean;
  readonly deps?: (led: Led) => Partial<RolloutDeps>;
};

export async function openRolloutWorld(database: Database, text = fleetText): Promise<RolloutWorld> {
  const clock = createFakeClock({ startAt: Date.now() });
  const near = createFakePlatform({ clock, name: "near", standMs: 3_000, settleMs: 2_000 });
  const far = createFakePlatform({ clock, name: "far", standMs: 3_000, settleMs: 2_000 });
  const platforms: Readonly<Record<string, FakePlatform>> = { near, far };
  await publishConfiguration(database, { text, source: "admin", actor: { id: "test" } });
  const newest = async () => (await newestConfiguration(database.query, 0))?.text ?? "";
  const leadAnew = async (): Promise<Led> => {
    const [over, ending] = [new AbortController(), new AbortController()];
    const term = await raiseTerm(database.query, "test");
    const check = async (): Promise<void> => over.signal.throwIfAborted();
    const leading = { term, signal: over.signal, ending: ending.signal, check };
    return { leading, kill: () => over.abort(notLeader()), end: () => ending.abort() };
  };
  let led = await leadAnew();
  const turn: RolloutWorld["turn"] = (id, more = {}) =>
    followRollout(id, {
      ...{ database, leading: led.leading, clock, chance: systemChance, name: "fleet:test" },
      controlOf: (provider) => platforms[provider]?.control(),
      ...more,
    });
  const measure: RolloutWorld["measure"] = async (quality) => {
    const { routes } = parseConfig(await newest(), { file: "newest" });
    const findings = plansOfSettings(routes).flatMap((plan) =>
      [...plan.incumbents, ...plan.candidates.map(({ provider }) => provider)].flatMap((provider) => {
        const isCandidate = plan.candidates.some((one) => one.provider === provider);
        return findingOf(plan.model, provider, stepOf(plan), isCandidate ? quality(provider) : "good");
      }),
    );
    await trialsInPostgres(database).write("g1", findings, { signal: AbortSignal.timeout(10_000) });
  };
  return {
    ...{ clock, near, far, turn, measure, text: newest },
    leadAnew: async () => {
      led = await leadAnew();
      return led;
    },
    start: (ask = {}) =>
      startRollout(database, { image: v2, actor: { id: "test" }, ...ask }, { clock, chance: systemChance }),
    run: async (id, { quality = allGood, turns = 100, stepMs = 1_500, until, deps } = {}) => {
      for (let n = 0; n < turns; n += 1) {
        await measure(quality);
        try {
          await turn(id, deps?.(led));
        } catch (error) {
          if (asTradewindError(error).code !== "not_leader") throw error;
          led = await leadAnew();
        }
        const rollout = await readRollout(database.query, id);
        if (rollout.outcome || until?.(rollout)) return rollout;
        clock.advance(stepMs);
      }
      return await readRollout(database.query, id);
    },
  };
}

const allGood = (): Quality => "good";

const known = new Map<Quality, TrialFacts>();

function factsOf(quality: Quality): TrialFacts {
  const facts = known.get(quality) ?? noFacts();
  for (let n = 0; n < 3_000 && !known.has(quality); n += 1) {
    const ms = (quality === "slow" ? 4_000 : 10) + (n % 7);
    countOutcome(facts, { ms, usd: 1e-6, failed: quality === "failing" && n % 5 === 0 });
    countAgreement(facts, quality === "wrong" ? 0.3 : 0.99);
  }
  known.set(quality, facts);
  return facts;
}

function findingOf(model: string, provider: string, step: string, quality: Quality): Finding[] {
  if (quality === "silent") return [];
  const rest = { version: "1", state: "agrees", isBarred: false, why: "" } as const;
  return [{ model, backend: provider, step, facts: factsOf(quality), ...rest }];
}
