import type { ImagePath, Query } from "#inference/image-api/image-request.ts";
import type { Telemetry } from "#inference/telemetry/create-telemetry.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { OnLeave } from "#infra/runtime/deadline.ts";
import type { InFlight } from "#infra/runtime/in-flight.ts";
import type { ReadBodyOptions } from "#infra/runtime/read-body.ts";
import type { Begun } from "./begin-request.ts";
import type { Unwanted } from "./finish-one.ts";
import type { Forwarder } from "./forward.ts";
import type { RunningModels } from "./running-model.ts";

/** One request with images, whichever door it came through; `model` is a name, or `name@version`. */
export type LocalAsk = ImagePath &
  Begun & {
    readonly query: Query;
    /** By its lower-case name. */
    readonly header: (name: string) => string | undefined;
    readonly readBody: (options: ReadBodyOptions) => Promise<Buffer>;
    readonly onLeave: OnLeave;
  };

export type LocalReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What answering images on the device takes. */
export type LocalImages = {
  readonly running: RunningModels;
  /** Models that are to run here, though some may not yet. */
  readonly expected: () => readonly string[];
  readonly limits: LocalLimits;
  /** What a request may take that says nothing of it. */
  readonly sloMs: number;
  readonly inFlight: InFlight;
  /** The backend's own, so that its statistics and metrics tell of both APIs. */
  readonly telemetry: Pick<Telemetry, "succeeded" | "failed">;
  readonly forwarder: Forwarder | undefined;
  readonly unwanted: Unwanted;
  readonly clock: Clock;
};

/** The bounds that a gateway has by the same names. */
export type LocalLimits = {
  readonly body: number;
  readonly bodyTimeout: number;
  readonly requestTimeout: number;
  readonly pixels: number;
  readonly inFlight: number;
  readonly bodiesInHand: number;
};

/** What a gateway has where its configuration says nothing. */
export const usualLimits: LocalLimits = {
  body: 20 * 1_048_576,
  bodyTimeout: 30_000,
  requestTimeout: 30_000,
  pixels: 50_000_000,
  inFlight: 256,
  bodiesInHand: 512 * 1_048_576,
};

export const usualSloMs = 2_000;
