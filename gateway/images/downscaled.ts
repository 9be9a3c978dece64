import type { ImageAnswer, ImageSize, Task } from "#inference/contract.ts";
import { orientedSize } from "#inference/image/strip/strip-metadata.ts";
import type { RouteRules } from "../fleet/snapshot.ts";
import { downscale } from "../prepare/downscale.ts";
import { type DownscalePlan, planDownscale } from "../prepare/plan-downscale.ts";
import { restoreBoxes } from "../prepare/restore-boxes.ts";
import { worthDownscaling } from "../prepare/worth-downscaling.ts";
import type { PreparedImage } from "./prepare-image.ts";

export type Downscaling = {
  readonly image: PreparedImage;
  /** What each of the models takes that the copy may go to. */
  readonly inputs: readonly ImageSize[];
  readonly task: Task;
  readonly rules: RouteRules["prepare"];
  readonly signal: AbortSignal;
};

/** Sends a smaller copy where the route wants that, and answers as if the original had been sent. */
export async function downscaled<Answer extends ImageAnswer>(
  { image, inputs, task, rules, signal }: Downscaling,
  send: (pieces: readonly Uint8Array[]) => Promise<Answer>,
): Promise<Answer> {
  const size = orientedSize(image.size, image.orientation);
  const plan = planDownscale({
    size,
    bytes: image.byteLength,
    input: largestOf(inputs),
    type: image.type,
    task,
  });
  if (!plan || (rules.downscale === "auto" && !isWorth(image, plan, rules))) return await send(image.pieces);
  const smaller = await downscale(image.pieces, plan, { signal, maxPixels: image.mostPixels });
  const answer = await send([smaller.image]);
  return { ...answer, ...restoreBoxes(answer, size) };
}

/** Each side by itself: a copy that is shrunk for this one is too small for none of them. */
function largestOf(inputs: readonly ImageSize[]): ImageSize {
  const [width, height] = [inputs.map((input) => input.width), inputs.map((input) => input.height)];
  return { width: Math.max(...width), height: Math.max(...height) };
}

function isWorth(
  { byteLength, size }: PreparedImage,
  { expectedBytes }: DownscalePlan,
  { uploadMbitPerS, egressUsdPerGb }: RouteRules["prepare"],
): boolean {
  // From 1080p it took 9 ms, from 720p 6: for both about 5 a megapixel.
  const cpuMs = (size.width * size.height * 5) / 1e6;
  return worthDownscaling({ bytes: byteLength, expectedBytes, egressUsdPerGb, uploadMbitPerS, cpuMs });
}
