import { typed } from "#infra/runtime/channels.ts";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import type { Turned } from "./drift-watch.ts";
import type { Purpose } from "./sampler.ts";

/** A second backend was asked beside a request, and answered or not. */
export type ComparedEvent = {
  readonly what: Purpose;
  readonly model: string;
  /** Who answered the request, and who was asked beside it. */
  readonly backend: string;
  readonly peer: string;
  /** 0 to 1; undefined where the peer did not answer. */
  readonly agreement: number | undefined;
  readonly scoreDifference: number | undefined;
  /** Why the peer did not answer. */
  readonly code: ErrorCode | undefined;
  /** How long the peer took. */
  readonly ms: number;
  /** What asking it cost. */
  readonly usd: number;
};

export const answersCompared = typed<ComparedEvent>("tradewind:answers:compared");

/** A backend of a model agrees, drifts, or is forgotten, and was not before. */
export const driftTurned = typed<Turned>("tradewind:drift:turned");
