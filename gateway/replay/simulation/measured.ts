import { z } from "zod";
import type { MeasuredLevel } from "./simulated-fleet.ts";

const level = z.object({
  concurrency: z.int().min(1).max(100_000),
  ms: z.array(z.number().positive().max(3_600_000)).min(1).max(100_000),
});

const measured = z.object({ levels: z.array(level).min(1).max(100) });

/** What was measured of a real backend, from a file's text; undefined where it is none. */
export function readMeasured(text: string): readonly MeasuredLevel[] | undefined {
  const parsed = measured.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  return parsed.data.levels
    .map(({ concurrency, ms }) => ({ concurrency, ms: ms.toSorted((a, b) => a - b) }))
    .sort((a, b) => a.concurrency - b.concurrency);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
