import type { Sample } from "./traffic.ts";

export type Stretch = {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
};

export type Judged = {
  readonly name: string;
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly inTime: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Who answered how many, by provider. */
  readonly by: Readonly<Record<string, number>>;
};

/** The images that left within a stretch of time. */
export function judgeTraffic(
  samples: readonly Sample[],
  { name, fromMs, toMs }: Stretch,
  sloMs: number,
): Judged {
  const own = samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const times = own.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const at = (share: number): number => Math.round(times[Math.floor(share * (times.length - 1))] ?? 0);
  const by: Record<string, number> = {};
  for (const { backend } of own) {
    const [provider = ""] = backend.split("/");
    by[provider || "nobody"] = (by[provider || "nobody"] ?? 0) + 1;
  }
  const wells = own.filter(({ status, latencyMs }) => status === 200 && latencyMs <= sloMs);
  return {
    name,
    seconds: Math.round((toMs - fromMs) / 1_000),
    requests: own.length,
    failed: own.filter(({ status }) => status !== 200).length,
    inTime: wells.length / Math.max(1, own.length),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    by,
  };
}
