import type { Measured } from "../bench.ts";
import { benchKey } from "./bench-keys.ts";
import type { Server } from "./server.ts";

/**
 * The share of requests that ours did not count in Redis, because Redis did not answer in time: those were not the work
 * that the bench is about, so a run with many of them proves nothing.
 */
export async function countedElsewhere({ port }: Server, signal: AbortSignal): Promise<Measured> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: `Bearer ${benchKey("bounded", 0)}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the metrics answered ${answer.status}: ${text.slice(0, 500)}`);
  const { everywhere, all } = readAdmissions(text);
  return {
    ...{ case: "ours, all of the above", metric: "requests not counted in Redis", unit: "%" },
    ...{ better: "lower", against: "limit", floor: 1 },
    ours: [(100 * (all - everywhere)) / all],
    note: `of ${all}; those found Redis away or later than its timeout`,
  };
}

export function readAdmissions(metrics: string): { readonly everywhere: number; readonly all: number } {
  const lines = metrics.matchAll(/^tradewind_admissions_total\{counted="(\w+)"\} (\d+)/gm);
  const counts = new Map([...lines].map(([, where = "", count]) => [where, Number(count)]));
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return { everywhere: counts.get("everywhere") ?? 0, all };
}
