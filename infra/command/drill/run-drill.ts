import type { Clock } from "#infra/runtime/clock.ts";
import {
  between,
  type DrillFinding,
  findDrill,
  isBeyond,
  judgeDrill,
  type Totals,
  type Verdict,
} from "./judge-drill.ts";

export type Drill = {
  readonly forMs: number;
  readonly beforeMs: number;
  readonly mostMissed: number;
  readonly clock: Clock;
  readonly totals: () => Promise<Totals>;
  /** Refuses the provider; resolves when every gateway was told. */
  readonly lose: () => Promise<void>;
  /** Ends that, whatever has happened; the gateways would by themselves at the end of the time. */
  readonly restore: () => Promise<void>;
  readonly tell: (line: string) => void;
  /** Whoever started it stops it; then it restores and reports what it has seen. */
  readonly signal: AbortSignal;
};

export type DrillReport = DrillFinding & {
  /** Given up at the limit or by hand, or what it has shown in its whole time. */
  readonly ended: Verdict | "at the limit" | "by hand";
};

const lookMs = 1_000;

/** Watches for a while, takes the provider away, watches the misses, and gives it back. */
export async function runDrill(drill: Drill): Promise<DrillReport> {
  const { clock, totals, beforeMs, lose, restore, tell, signal } = drill;
  const first = await totals();
  tell(`watching for ${seconds(beforeMs)} as it is`);
  const began = clock.elapsed();
  await pause(drill, beforeMs);
  const second = await totals();
  const before = between(first, second, clock.elapsed() - began);
  if (signal.aborted) return { ...findDrill(before, between(second, second, 0)), ended: "by hand" };
  try {
    await lose();
    tell("lost: nothing is sent there any more");
    return await watch(drill, { before, from: second });
  } finally {
    await restore();
    tell("given back");
  }
}

type Watching = { readonly before: DrillFinding["before"]; readonly from: Totals };

async function watch(drill: Drill, { before, from }: Watching): Promise<DrillReport> {
  const { clock, totals, forMs, tell, signal } = drill;
  const began = clock.elapsed();
  for (let told = 0; ; ) {
    await pause(drill, lookMs);
    const ms = clock.elapsed() - began;
    const found = findDrill(before, between(from, await totals(), ms));
    if (isBeyond(found, drill)) return { ...found, ended: "at the limit" };
    if (signal.aborted) return { ...found, ended: "by hand" };
    if (ms >= forMs) return { ...found, ended: judgeDrill(found, drill.mostMissed) };
    if (ms - told < 10_000) continue;
    told = ms;
    tell(`${seconds(ms)}: ${found.during.requests} requests, ${found.missed} missed`);
  }
}

/** Ends early where somebody stops the drill. */
async function pause({ clock, signal }: Drill, ms: number): Promise<void> {
  await clock.sleep(ms, { signal }).catch(() => undefined);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
