import { join } from "node:path";
import { amplify, slice } from "#gateway/replay/traces/amplify.ts";
import type { Arrivals } from "#gateway/replay/traces/arrivals.ts";
import { openTrace } from "#gateway/replay/traces/open-trace.ts";

/** A recorded load, made so busy that a handful of instances is needed, and the part of it that is judged. */
export type Load = {
  readonly name: string;
  /** What a reader must know of it. */
  readonly note: string;
  readonly open: (seed: number) => Promise<Part>;
};

export type Part = {
  readonly arrivals: Arrivals;
  readonly spanMs: number;
  /** What comes before only teaches. */
  readonly countsFromMs: number;
  /** Of all minutes that are judged with any seed, those that are busier are one in a hundred. */
  readonly p99MinuteRps: number;
};

const folder = join(import.meta.dirname, "../traces");
const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Nothing of it was tuned with its last 32 minutes; the seeds draw how its copies are spread. */
const azure: Load = {
  name: "azure x20",
  note: "the last 32 minutes, after 25 that only teach",
  open: async (seed) => {
    const { arrivals: whole } = await openTrace(join(folder, "AzureLLMInferenceTrace_code.csv"), { seed });
    const arrivals = amplify(whole, { copies: 20, seed });
    const spanMs = 57 * minuteMs;
    return { arrivals, spanMs, countsFromMs: 25 * minuteMs, p99MinuteRps: p99Minute(arrivals, 0, spanMs) };
  },
};

const imageSeeds = 7;

/** Of the day only what is before half past seven was tuned with; each seed is another two hours of the rest. */
const images = (rps: number): Load => ({
  name: `images ${rps}/s`,
  note: "two hours of the time from 8:00 to 23:30, another two with each seed, after 30 minutes that only teach",
  open: async (seed) => {
    const part = { startS: 7.5 * 3_600, durationS: 16 * 3_600, rps };
    const file = join(folder, "servegen_mm_image_clients.csv");
    const { arrivals: whole } = await openTrace(file, { seed, ...part });
    const from = ((seed - 1) % imageSeeds) * 2.25 * hourMs;
    return {
      arrivals: slice(whole, from, from + 2.5 * hourMs),
      spanMs: 2.5 * hourMs,
      countsFromMs: hourMs / 2,
      p99MinuteRps: p99Minute(whole, 0, 16 * hourMs),
    };
  },
});

export const loads: readonly Load[] = [azure, images(50), images(100)];

/** A few minutes of it, for a smoke. */
export function shortened(load: Load): Load {
  return {
    ...load,
    open: async (seed) => {
      const { arrivals, p99MinuteRps } = await load.open(seed);
      const spanMs = 12 * minuteMs;
      return { arrivals: slice(arrivals, 0, spanMs), spanMs, countsFromMs: 4 * minuteMs, p99MinuteRps };
    },
  };
}

export function p99Minute({ atMs }: Arrivals, fromMs: number, toMs: number): number {
  const counts = new Float64Array(Math.max(1, Math.round((toMs - fromMs) / minuteMs)));
  for (const at of atMs) {
    const minute = Math.floor((at - fromMs) / minuteMs);
    if (minute >= 0 && minute < counts.length) counts[minute] = (counts[minute] ?? 0) + 1;
  }
  return (counts.sort()[Math.ceil(counts.length * 0.99) - 1] ?? 0) / 60;
}
