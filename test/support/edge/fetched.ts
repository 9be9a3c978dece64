import { createHash } from "node:crypto";
import type { FetchFileOptions } from "#edge/fetch/fetch-file.ts";
import { blocksOf } from "#inference/artefacts/blocks.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { seededRandom } from "../random.ts";

/** So many bytes that nothing guesses. */
export function noise(bytes: number, seed = 1): Buffer {
  const random = seededRandom(seed);
  const words = Uint32Array.from({ length: Math.ceil(bytes / 4) }, () => random.bits());
  return Buffer.from(words.buffer).subarray(0, bytes);
}

export function sha256Of(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** What the signed lists say of a file. */
export function listed(content: Uint8Array, path = "m/1/any/model.onnx") {
  const sha256 = sha256Of(content);
  return { path, address: `targets/m/1/any/${sha256}.model.onnx`, bytes: content.byteLength, sha256 };
}

/** Time in which nobody waits: a sleep is over at once and has taken as long as it was asked to. */
export function hurriedClock(): Clock & { readonly slept: number[] } {
  let elapsed = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => 1_700_000_000_000 + elapsed,
    elapsed: () => elapsed,
    sleep: async (ms, { signal } = {}) => {
      signal?.throwIfAborted();
      slept.push(ms);
      elapsed += ms;
    },
  };
}

export const part = "models/part";

/** The options of a fetch of this content that a test need not care about. */
export function fetching(
  content: Uint8Array,
  more: Partial<FetchFileOptions> & Pick<FetchFileOptions, "fs" | "origins">,
): FetchFileOptions {
  return {
    file: listed(content),
    blocks: blocksOf(content),
    part,
    clock: hurriedClock(),
    chance: { number: () => 0.5 },
    signal: new AbortController().signal,
    ...more,
  };
}
