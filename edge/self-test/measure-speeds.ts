import { detectDefaults } from "#inference/heads/detect.ts";
import type { OpenModel } from "#inference/open-model.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { quantile } from "../health/quantile.ts";
import { shortestMs } from "./judge-self-test.ts";
import type { SelfTestMeasured } from "./words.ts";

export type MeasureSpeeds = {
  readonly candidate: OpenModel;
  readonly active: OpenModel | undefined;
  readonly images: readonly Uint8Array[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

type Speed = SelfTestMeasured["speeds"][number];

const rounds = 40;
const fewestRounds = 10;
/** A measurement takes about so long at most, on machines that need seconds for an image. */
const longestMs = 20_000;
const mostMeasurements = 5;
/** After so long none is begun anew. */
const enoughMs = 30_000;

/**
 * Both models in turn on the same images, so that a busy machine is busy for both; measured anew where the candidate
 * comes out slower, since that may have been chance.
 */
export async function measureSpeeds(options: MeasureSpeeds): Promise<Speed[]> {
  const speeds: Speed[] = [];
  const { clock } = options;
  const started = clock.elapsed();
  while (speeds.length < mostMeasurements && clock.elapsed() - started < enoughMs) {
    const speed = await measure(options);
    speeds.push(speed);
    if (isGood(speed)) break;
  }
  return speeds;
}

function isGood({ candidateMs, activeMs, slowdown }: Speed): boolean {
  return activeMs === null || slowdown === null || Math.max(slowdown, candidateMs / activeMs) <= 1.2;
}

async function measure({ candidate, active, images, clock, signal }: MeasureSpeeds): Promise<Speed> {
  const times = { candidate: [] as number[], active: [] as number[] };
  const ask = async (model: OpenModel, image: Uint8Array, into: number[]): Promise<void> => {
    const started = clock.elapsed();
    await model.detect?.(image, { options: detectDefaults, signal });
    into.push(clock.elapsed() - started);
  };
  const started = clock.elapsed();
  for (let round = 0; round < rounds; round += 1) {
    const image = images[round % images.length];
    if (!image || (round >= fewestRounds && clock.elapsed() - started > longestMs)) break;
    // Whoever comes second finds the image's bytes nearer.
    if (round % 2 === 0) await ask(candidate, image, times.candidate);
    if (active) await ask(active, image, times.active);
    if (round % 2 === 1) await ask(candidate, image, times.candidate);
  }
  const ratios = times.active.map(
    (ms, round) => Math.max(shortestMs, times.candidate[round] ?? 0) / Math.max(shortestMs, ms),
  );
  return {
    candidateMs: quantile(times.candidate, 0.95) ?? 0,
    activeMs: quantile(times.active, 0.95) ?? null,
    slowdown: quantile(ratios, 0.5) ?? null,
  };
}
