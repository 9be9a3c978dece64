import { TradewindError } from "#infra/runtime/errors.ts";
import type { ImageType } from "../sniff.ts";

export function cutShort(type: ImageType): TradewindError {
  return new TradewindError("image_undecodable", `the ${type.toUpperCase()} image is cut short`);
}

export function damaged(type: ImageType, how: string): TradewindError {
  const message = `the ${type.toUpperCase()} image is damaged: ${how}`;
  return new TradewindError("image_undecodable", message);
}
