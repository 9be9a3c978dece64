import { onTestFinished } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { createKnownBackends, type KnownBackends } from "#gateway/dispatch/known-backends.ts";
import { openSharedKnowledge, type SharedKnowledge } from "#gateway/dispatch/share-knowledge.ts";
import type { Standing } from "#gateway/dispatch/standing.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftOperation, SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { unsent } from "#infra/runtime/soft-state/unsent.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { seededRandom } from "./random.ts";

/** Always there, for nothing. */
export const plainTerms: Terms = {
  billing: "provisioned",
  usdPerSecond: 0,
  usdPerRequest: 0,
  egressUsdPerGb: 0,
  idleMs: 60_000,
  coldMs: 0,
  mostInFlight: 64,
  perInstance: 8,
  budget: { usdPerHour: Number.POSITIVE_INFINITY, usdPerDay: Number.POSITIVE_INFINITY },
  prior: { baseMs: 20, perInFlightMs: 1 },
};

export const sleepingTerms: Terms = {
  ...plainTerms,
  billing: "instance",
  usdPerSecond: 0.001,
  coldMs: 8_000,
};

export const thriftyTerms: Terms = {
  ...plainTerms,
  usdPerRequest: 0.01,
  budget: { usdPerHour: 1, usdPerDay: 20 },
};

export const ejectTerms = { after: 3, baseMs: 2_000, mostMs: 64_000 };

/** How a call ends: as it is, refused before it left, or done without an answer. */
export type Mood = "answers" | "away" | "late";

/** One gateway as far as it shares what it knows. */
export type SharingGateway = {
  readonly known: KnownBackends;
  readonly shared: SharedKnowledge;
  readonly calls: SoftOperation[][];
  readonly at: (backend: string) => Standing;
  mood: Mood;
};

export type SharingWorld = ReturnType<typeof openSharingWorld>;

/** Gateways that share one soft state, under a clock of the test's. */
export function openSharingWorld({
  backends = { a: plainTerms },
  seed = 1,
}: {
  backends?: Record<string, Terms>;
  seed?: number;
} = {}) {
  const clock = createFakeClock();
  const random = seededRandom(seed);
  const chance = { number: () => random.between(0, 1), bytes: (count: number) => new Uint8Array(count) };
  const softState = createSoftStateInProcess({ clock });
  onTestFinished(() => softState.close());
  const gateways: SharingGateway[] = [];
  const state = { count: undefined as number | undefined };
  const join = async (mood: Mood = "answers"): Promise<SharingGateway> => {
    const known = createKnownBackends({ chance });
    for (const [name, declared] of Object.entries(backends)) known.standing(name, declared, ejectTerms);
    known.latency("a", "m");
    const calls: SoftOperation[][] = [];
    const gateway = { known, calls, mood, at: (name: string) => standingOf(known, name) };
    const apply: SoftState["apply"] = async (operations, waiting) => {
      calls.push([...operations]);
      if (gateway.mood === "away") throw unsent("away");
      const results = await softState.apply(operations, waiting);
      if (gateway.mood === "late") throw new TradewindError("soft_state_unavailable", "late");
      return results;
    };
    const id = `gateway-${gateways.length}`;
    const counted = (): number => state.count ?? gateways.length;
    gateways.push(Object.assign(gateway, { shared: noneYet }));
    const shared = await openSharedKnowledge({
      ...{ softState: { apply }, gateways: counted, known, clock, chance, id },
      now: clock.now,
    });
    onTestFinished(() => shared.close());
    return Object.assign(gateway, { shared });
  };
  return { clock, softState, gateways, state, random, join, pass: (ms: number) => pass(clock, ms) };
}

const noneYet: SharedKnowledge = {
  tellers: () => 0,
  close: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

function standingOf(known: KnownBackends, name: string): Standing {
  const found = known.all().find((standing) => standing.name === name);
  if (!found) throw new Error(`nobody knows ${name}`);
  return found;
}

/** In small steps, so that each call has time to be answered. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate);
  }
}

/** What was skipped since. */
export function skippedConcerns(): unknown[] {
  const skipped: unknown[] = [];
  onTestFinished(sideConcernSkipped.subscribe(({ what }) => skipped.push(what)));
  return skipped;
}
