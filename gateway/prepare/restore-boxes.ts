import type { Corners, Detection, ImageAnswer, ImageSize, Point } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** An answer to a smaller copy as an answer to the image that the caller sent. */
export function restoreBoxes(answer: ImageAnswer, original: ImageSize): ImageAnswer {
  const { image, detections } = answer;
  if (image.width === original.width && image.height === original.height) return answer;
  const scale = { x: original.width / image.width, y: original.height / image.height };
  return { ...answer, image: original, detections: detections.map((found) => restored(found, scale)) };
}

function restored(detection: Detection, scale: Point): Detection {
  const { box, corners, keypoints, mask } = detection;
  // No plan shrinks an image for a model that draws masks.
  if (mask !== undefined) throw new TradewindError("internal", "a mask cannot be scaled to another size");
  const { x1, y1, x2, y2 } = box;
  return {
    ...detection,
    box: { x1: x1 * scale.x, y1: y1 * scale.y, x2: x2 * scale.x, y2: y2 * scale.y },
    ...(corners && { corners: restoredCorners(corners, scale) }),
    ...(keypoints && { keypoints: keypoints.map((keypoint) => ({ ...keypoint, ...at(keypoint, scale) })) }),
  };
}

function restoredCorners([first, second, third, fourth]: Corners, scale: Point): Corners {
  return [at(first, scale), at(second, scale), at(third, scale), at(fourth, scale)];
}

function at({ x, y }: Point, scale: Point): Point {
  return { x: x * scale.x, y: y * scale.y };
}
