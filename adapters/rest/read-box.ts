import type { Box, ImageSize } from "#inference/contract.ts";
import { invalidAnswer } from "../open-inference-errors.ts";
import { pick, placeOf } from "./pick.ts";
import { type Lie, turned, turnedSize } from "./read-lie.ts";
import { readNumber } from "./read-number.ts";
import type { RestSettings } from "./settings.ts";

/** A box in pixels of the image as a person sees it, of one answer. */
export type ReadBox = (four: readonly unknown[]) => Box;

/** A way to read the boxes of one server's answers, for each answer and its image. */
export function boxReader({
  orientation,
  answer: { form, units, image },
}: Pick<RestSettings, "orientation" | "answer">): (data: unknown, lie: Lie) => ReadBox {
  const toldIn = frameReader(image);
  return (data, lie) => {
    const upright = turnedSize(lie);
    const real = orientation === "ignored" ? lie.size : upright;
    const told = units === "share" ? { width: 1, height: 1 } : (toldIn(data) ?? real);
    const scale = { x: real.width / told.width, y: real.height / told.height };
    return (four) => {
      const box = checked(corners[form](fourNumbers(four)), { form, units });
      const here = { x1: box.x1 * scale.x, y1: box.y1 * scale.y, x2: box.x2 * scale.x, y2: box.y2 * scale.y };
      return within(orientation === "ignored" ? turnedBox(here, lie) : here, upright);
    };
  };
}

type Answer = RestSettings["answer"];

function frameReader(image: Answer["image"]): (data: unknown) => ImageSize | undefined {
  if (image === undefined) return () => undefined;
  const side = (given: string | number): ((data: unknown) => number) => {
    if (typeof given === "number") return () => given;
    const place = placeOf(given);
    return (data) => readSide(pick(data, place));
  };
  const [width, height] = [side(image.width), side(image.height)];
  return (data) => ({ width: width(data), height: height(data) });
}

function readSide(found: unknown): number {
  const pixels = readNumber(found);
  if (pixels >= 1 && pixels <= 65_535) return pixels;
  throw invalidAnswer(`an image that is ${pixels} pixels wide or high`);
}

type Four = readonly [number, number, number, number];

function fourNumbers([a, b, c, d]: readonly unknown[]): Four {
  return [readNumber(a), readNumber(b), readNumber(c), readNumber(d)];
}

const corners: Readonly<Record<Answer["form"], (four: Four) => Box>> = {
  xyxy: ([x1, y1, x2, y2]) => ({ x1, y1, x2, y2 }),
  xywh: ([x, y, width, height]) => ({ x1: x, y1: y, x2: x + width, y2: y + height }),
  cxcywh: ([x, y, width, height]) => ({
    x1: x - width / 2,
    y1: y - height / 2,
    x2: x + width / 2,
    y2: y + height / 2,
  }),
};

/** A share of an image may be a hair more than all of it; twice as much is a number of pixels. */
const mostShare = 2;

/** The likeliest mistakes in a configuration are another form and other units, and this is how they show. */
function checked(box: Box, { form, units }: Pick<Answer, "form" | "units">): Box {
  const { x1, y1, x2, y2 } = box;
  if (x1 > x2 || y1 > y2) throw invalidAnswer(`a box that ends before it begins, read as ${form}`);
  if (units === "share" && Math.max(-x1, -y1, x2, y2) > mostShare)
    throw invalidAnswer("a box in pixels where shares are declared");
  return box;
}

function turnedBox({ x1, y1, x2, y2 }: Box, lie: Lie): Box {
  const [a, b] = [turned({ x: x1, y: y1 }, lie), turned({ x: x2, y: y2 }, lie)];
  return {
    x1: Math.min(a.x, b.x),
    y1: Math.min(a.y, b.y),
    x2: Math.max(a.x, b.x),
    y2: Math.max(a.y, b.y),
  };
}

function within({ x1, y1, x2, y2 }: Box, { width, height }: ImageSize): Box {
  return { x1: cut(x1, width), y1: cut(y1, height), x2: cut(x2, width), y2: cut(y2, height) };
}

function cut(value: number, most: number): number {
  return Math.round(Math.min(most, Math.max(0, value)) * 1e3) / 1e3;
}
