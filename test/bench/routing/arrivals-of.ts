import { join } from "node:path";
import { amplify, slice } from "#gateway/replay/traces/amplify.ts";
import type { Arrivals } from "#gateway/replay/traces/arrivals.ts";
import { openTrace } from "#gateway/replay/traces/open-trace.ts";
import type { Load } from "./scenarios.ts";

const folder = join(import.meta.dirname, "../traces");

/** One seed's requests of a load. */
export async function arrivalsOf(load: Load, seed: number): Promise<Arrivals> {
  const { rate, fromS, seconds } = load;
  const file = join(folder, load.file);
  if ("rps" in rate) {
    const { arrivals } = await openTrace(file, { seed, startS: fromS, durationS: seconds, rps: rate.rps });
    return arrivals;
  }
  const { arrivals } = await openTrace(file, { seed });
  const part = slice(arrivals, fromS * 1_000, (fromS + seconds) * 1_000);
  return amplify(part, { copies: rate.copies, seed });
}
