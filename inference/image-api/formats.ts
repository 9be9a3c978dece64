import type { Annotation, Detected, Prediction } from "./answer-schema.ts";
import { maskArea } from "./mask-area.ts";
import type { Format } from "./read-options.ts";

/** The same answer with what was found written as other tools write it; `core` is what `coreOf` made. */
export function withFormat(core: string, format: Format): string {
  if (format === "xyxy") return core;
  const { detections, ...about } = JSON.parse(`{${core}}`) as Core;
  const written =
    format === "roboflow"
      ? { ...about, predictions: detections.map(asPrediction) }
      : { ...about, annotations: detections.map((detection) => asAnnotation(detection, about.image)) };
  return JSON.stringify(written).slice(1, -1);
}

type Size = { readonly width: number; readonly height: number };
type Core = { readonly image: Size; readonly detections: readonly Detected[] };

/** Roboflow's boxes have their centre as the place. */
function asPrediction({ name, class: number, score, box, mask, keypoints, corners }: Detected): Prediction {
  const label = { confidence: score, class: name, class_id: number };
  if (!box) return label;
  const { x1, y1, x2, y2 } = box;
  const place = {
    x: hundredths((x1 + x2) / 2),
    y: hundredths((y1 + y2) / 2),
    width: hundredths(x2 - x1),
    height: hundredths(y2 - y1),
  };
  return {
    ...place,
    ...label,
    mask,
    keypoints: keypoints?.map(({ x, y, visibility }, index) => ({
      x,
      y,
      confidence: visibility,
      class_id: index,
    })),
    points: corners,
  };
}

function asAnnotation(detection: Detected, image: Size): Annotation {
  const { name, class: number, score, box, keypoints } = detection;
  const label = { category_id: number, category_name: name, score };
  if (!box) return label;
  const { x1, y1, x2, y2 } = box;
  return {
    bbox: [x1, y1, hundredths(x2 - x1), hundredths(y2 - y1)],
    area: hundredths(areaOf(detection)),
    ...label,
    ...outlineOf(detection, image),
    keypoints: keypoints?.flatMap(({ x, y, visibility }) => [x, y, visibility]),
  };
}

function outlineOf({ mask, corners }: Detected, { width, height }: Size): Pick<Annotation, "segmentation"> {
  if (mask !== undefined) return { segmentation: { size: [height, width], counts: mask } };
  return corners ? { segmentation: [corners.flatMap(({ x, y }) => [x, y])] } : {};
}

/** Of what is outlined where there is an outline, as COCO has it. */
function areaOf({ mask, corners, box }: Detected): number {
  if (mask !== undefined) return maskArea(mask);
  if (corners) return polygonArea(corners);
  return box ? (box.x2 - box.x1) * (box.y2 - box.y1) : 0;
}

function polygonArea(corners: readonly { readonly x: number; readonly y: number }[]): number {
  let twice = 0;
  for (const [index, { x, y }] of corners.entries()) {
    const next = corners[(index + 1) % corners.length] ?? { x, y };
    twice += x * next.y - next.x * y;
  }
  return Math.abs(twice) / 2;
}

/** Tenths in, so that their halves are written without the noise of binary fractions. */
function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
