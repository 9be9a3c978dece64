import { abandoned } from "#inference/abandoned.ts";
import type { Tensors } from "#inference/contract.ts";
import { toFeeds } from "#inference/engine/onnx-tensor.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { openSession } from "../open-session.ts";
import type { Speed } from "../report.ts";

export type SpeedOptions = {
  readonly before: string;
  readonly after: string;
  readonly feeds: Tensors;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Rounds go on for so long, and are not fewer than three. */
  readonly forMs: number;
};

/** Both models on one thread, one after the other in every round, so that a busy machine is busy for both. */
export async function measureSpeed(options: SpeedOptions): Promise<Speed> {
  const before = await openSession(options.before, { threads: 1 });
  try {
    const after = await openSession(options.after, { threads: 1 });
    try {
      const feeds = toFeeds(options.feeds);
      return await measureRounds([() => before.run(feeds), () => after.run(feeds)], options);
    } finally {
      await after.release();
    }
  } finally {
    await before.release();
  }
}

const warmUps = 3;
const fewestRounds = 3;
const mostRounds = 1_000;

async function measureRounds(
  [before, after]: readonly [() => Promise<unknown>, () => Promise<unknown>],
  { clock, signal, forMs }: SpeedOptions,
): Promise<Speed> {
  const rounds: { readonly before: number; readonly after: number }[] = [];
  const timed = async (run: () => Promise<unknown>): Promise<number> => {
    if (signal.aborted) throw abandoned(signal);
    const started = clock.elapsed();
    await run();
    return Math.max(clock.elapsed() - started, 1e-6);
  };
  const started = clock.elapsed();
  for (let round = -warmUps; round < mostRounds; round += 1) {
    const measured = { before: await timed(before), after: await timed(after) };
    if (round >= 0) rounds.push(measured);
    if (rounds.length >= fewestRounds && clock.elapsed() - started > forMs) break;
  }
  return {
    msBefore: median(rounds.map((round) => round.before)),
    msAfter: median(rounds.map((round) => round.after)),
    ratio: median(rounds.map((round) => round.before / round.after)),
    rounds: rounds.length,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
