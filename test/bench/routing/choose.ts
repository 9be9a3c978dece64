import type { Terms } from "#adapters/terms.ts";
import { choose } from "#gateway/dispatch/choose.ts";
import { createPool, type Pool } from "#gateway/dispatch/pool.ts";
import { Standing } from "#gateway/dispatch/standing.ts";
import type { RouteTerms } from "#gateway/dispatch/terms.ts";
import { moneyOf } from "#gateway/fleet/route-terms.ts";
import { createSeeded, type Seeded } from "#gateway/replay/seeded.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Bench, BenchContext, Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";

export const chooseBench: Bench = {
  name: "choose",
  describe: "what one choice of a backend takes, of 3 to 300 that are warm and busy",
  run: measureChoices,
};

const sizes = [3, 30, 100, 300];

/** A large fleet is to cost a request nothing that anybody could notice. */
const mostUs = 5;

async function* measureChoices({ quick, rounds, signal }: BenchContext): AsyncIterable<Measured> {
  const choices = quick ? 2_000 : 50_000;
  const sides = sizes.map((lanes) => {
    const measure = prepare(lanes, choices);
    return async () => measure();
  });
  const taken = await interleave(sides, { rounds: rounds(15), warmUpRounds: 2, signal });
  for (const [place, lanes] of sizes.entries())
    yield {
      ...{ case: `${lanes} backends`, metric: "one choice", unit: "us", better: "lower", against: "limit" },
      ...(lanes === 100 && { floor: mostUs }),
      ours: taken[place] ?? [],
      note: `${choices} choices a round, the load of who was chosen and of one other drawn anew before each`,
    };
}

/** Gives the microseconds of one choice, over many. */
function prepare(lanes: number, choices: number): () => number {
  const seeded = createSeeded(lanes);
  const pool = warmPool(lanes, seeded);
  const chance: Chance = { number: seeded.number, bytes: (count) => new Uint8Array(count) };
  const loads = Uint8Array.from({ length: 4_096 }, () => Math.floor(seeded.number() * 24));
  return () => {
    const from = performance.now();
    for (let turn = 0; turn < choices; turn += 1) {
      // What was learned is fresh, as it is where answers come all the time.
      const now = warmAt + (turn % 1_000) / 100;
      const ask = { now, deadlineAt: now + pool.terms.sloMs, bytes: 60_000, tried: [] };
      const chosen = choose(pool, ask, chance);
      const other = pool.lanes[(turn * 7_919) % lanes];
      if (chosen) chosen.lane.standing.inFlight = loads[turn % 4_096] ?? 0;
      if (other) other.standing.inFlight = loads[(turn * 31) % 4_096] ?? 0;
    }
    return ((performance.now() - from) * 1_000) / choices;
  };
}

const warmAt = 60_000;

const route: RouteTerms = {
  sloMs: 250,
  money: moneyOf.balanced,
  hedge: { share: 0.05, quantile: 0.95, mostBytes: 1_048_576 },
  retry: { share: 0.1, attempts: 3 },
  eject: { after: 3, baseMs: 2_000, mostMs: 64_000 },
};

/** All measured over a minute, each as fast as it is, every second one paid for anyway. */
function warmPool(lanes: number, seeded: Seeded): Pool {
  const chance: Chance = { number: seeded.number, bytes: (count) => new Uint8Array(count) };
  const given = Array.from({ length: lanes }, (_, place) => {
    const standing = new Standing(`backend-${place}`, termsOf(place, seeded), { eject: route.eject, chance });
    return { standing, group: 0 };
  });
  const pool = createPool("detector", route, given);
  for (const { standing, latency } of pool.lanes) {
    const baseMs = 20 + 60 * seeded.number();
    for (let at = 200 * seeded.number(); at < warmAt; at += 200) {
      const load = 1 + Math.floor(seeded.number() * 24);
      const predictedMs = latency.predict(load, at);
      const ms = (baseMs + 4 * load) * Math.exp(0.1 * seeded.normal());
      standing.warmth.answered(at, load, undefined);
      latency.learn({ at, ms, load, predictedMs });
    }
    standing.inFlight = Math.floor(seeded.number() * 24);
  }
  return pool;
}

/** Of all three kinds of billing, at prices that are close to each other. */
function termsOf(place: number, { number }: Seeded): Terms {
  const shared = { usdPerRequest: 0, mostInFlight: 64, perInstance: 32, prior: undefined };
  const usdPerSecond = 0.0001 + 0.0003 * number();
  const free = { usdPerHour: Number.POSITIVE_INFINITY, usdPerDay: Number.POSITIVE_INFINITY };
  const budget = place % 8 === 1 ? { usdPerHour: 100, usdPerDay: 1_000 } : free;
  if (place % 2 === 0)
    return {
      ...shared,
      billing: "provisioned",
      usdPerSecond,
      egressUsdPerGb: 0,
      idleMs: 0,
      coldMs: 0,
      budget,
    };
  const billing = place % 4 === 1 ? "instance" : "request";
  return { ...shared, billing, usdPerSecond, egressUsdPerGb: 0.09, idleMs: 900_000, coldMs: 12_000, budget };
}
