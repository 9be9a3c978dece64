import { availableParallelism } from "node:os";
import type { ImageSize } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createGate } from "#infra/runtime/gate.ts";
import type { Downscaled } from "./shrink.ts";

export type DownscaleOptions = {
  readonly maxPixels?: number;
  /** What waits for its turn is not scaled when nobody wants it any more. */
  readonly signal?: AbortSignal;
};

// Scaling fills a core, and these cores also answer requests: never more at once than there are cores.
const scaling = createGate(availableParallelism());

/** Decodes, orients and shrinks to a planned size in one native call off this thread. */
export function downscale(
  pieces: readonly Uint8Array[],
  plan: ImageSize,
  { maxPixels = 50_000_000, signal }: DownscaleOptions = {},
): Promise<Downscaled> {
  return scaling(async () => {
    if (signal?.aborted) throw abandoned(signal);
    // A gateway whose routes never shrink anything starts without the decoder.
    const { shrink } = await import("./shrink.ts");
    return await shrink(pieces, plan, maxPixels);
  });
}

function abandoned(signal: AbortSignal): TradewindError {
  if (signal.reason instanceof TradewindError) return signal.reason;
  const message = "the caller left before the image was prepared";
  return new TradewindError("caller_left", message, { cause: signal.reason });
}
