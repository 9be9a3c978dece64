import type { KnownLatency } from "../known-backends.ts";
import type { ToldLatency } from "../latency-model.ts";
import type { Standing } from "../standing.ts";
import type { HeardOfWarmth } from "./hear-standings.ts";
import type { ToldLatencies, ToldStanding } from "./told.ts";

/** What this gateway has seen itself; of what it only heard it says nothing, or a rumour would never end. */
export function tellStandings(
  standings: readonly Standing[],
  heard: HeardOfWarmth,
  now: number,
): ReadonlyMap<string, ToldStanding> {
  const told = new Map<string, ToldStanding>();
  for (const standing of standings) {
    const { name, usual, breaker } = standing;
    const restsMs = Math.max(0, breaker.restsUntil - now, breaker.fullUntil - now);
    const { awakeMs, most } = tellWarmth(standing, heard, now);
    if (usual < leastTold && restsMs === 0 && awakeMs === 0) continue;
    told.set(name, { inFlight: usual, news: breaker.news, restsMs, awakeMs, most });
  }
  return told;
}

const leastTold = 0.005;

function tellWarmth(standing: Standing, heard: HeardOfWarmth, now: number) {
  const { warmth } = standing;
  const { awakeUntil, mostAt } = heard.get(standing) ?? { awakeUntil: 0, mostAt: undefined };
  if (!warmth.sleeps || !warmth.isAwake(now) || warmth.awakeUntil <= awakeUntil) return none;
  return { awakeMs: warmth.awakeUntil - now, most: warmth.mostAt === mostAt ? 0 : warmth.most(now) };
}

const none = { awakeMs: 0, most: 0 };

/** What was learned of speeds, where it is worth telling. */
export function tellLatencies(latencies: readonly KnownLatency[], now: number): ToldLatencies {
  const told = new Map<string, Map<string, ToldLatency>>();
  for (const { backend, model, latency } of latencies) {
    const learned = latency.told(now);
    if (!learned) continue;
    const models = told.get(backend) ?? new Map<string, ToldLatency>();
    told.set(backend, models.set(model, learned));
  }
  return told;
}
