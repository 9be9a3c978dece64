import { expect, test } from "vitest";
import { fromInput, letterbox } from "#inference/image/letterbox.ts";
import { seededRandom } from "#test/support/random.ts";

const square = { width: 640, height: 640 };

test("a wide image fills the width and is centred with grey above and below", () => {
  const place = letterbox({ width: 1280, height: 720 }, square);
  expect(place).toMatchObject({ scale: 0.5, width: 640, height: 360, left: 0, top: 140 });
});

test("the odd pixel of padding goes to the right and to the bottom", () => {
  expect(letterbox({ width: 639, height: 640 }, square)).toMatchObject({ width: 639, left: 0 });
  expect(letterbox({ width: 640, height: 637 }, square)).toMatchObject({ height: 637, top: 1 });
});

test("a size that scales to a half is rounded to the even neighbour as in Python", () => {
  expect(letterbox({ width: 1280, height: 5 }, square).height).toBe(2);
  expect(letterbox({ width: 1280, height: 7 }, square).height).toBe(4);
});

test("an image of one pixel's height keeps one row however long it is", () => {
  expect(letterbox({ width: 10_000, height: 1 }, square)).toMatchObject({ width: 640, height: 1 });
});

test("a small image is enlarged to fit", () => {
  expect(letterbox({ width: 32, height: 16 }, square)).toMatchObject({ scale: 20, width: 640, height: 320 });
});

test("a box that goes into the input comes back to where it was", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 200; round += 1) {
    const image = { width: random.integer(8, 4000), height: random.integer(8, 4000) };
    const place = letterbox(image, { width: random.integer(32, 640), height: random.integer(32, 640) });
    const [x1, y1] = [random.between(0, image.width / 2), random.between(0, image.height / 2)];
    const box = { x1, y1, x2: x1 + image.width / 3, y2: y1 + image.height / 3 };
    const inside = {
      x1: box.x1 * place.scale + place.left,
      y1: box.y1 * place.scale + place.top,
      x2: box.x2 * place.scale + place.left,
      y2: box.y2 * place.scale + place.top,
    };
    const back = fromInput(inside, place, image);
    for (const side of ["x1", "y1", "x2", "y2"] as const) expect(back[side]).toBeCloseTo(box[side], 6);
  }
});

test("a box that reaches into the padding is cut at the image's edge", () => {
  const image = { width: 1280, height: 720 };
  const box = fromInput({ x1: -5, y1: 0, x2: 700, y2: 640 }, letterbox(image, square), image);
  expect(box).toEqual({ x1: 0, y1: 0, x2: 1280, y2: 720 });
});
