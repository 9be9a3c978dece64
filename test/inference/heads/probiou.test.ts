import { expect, test } from "vitest";
import { byProbIou } from "#inference/heads/probiou.ts";

type Turned = readonly [x: number, y: number, width: number, height: number, angle: number];

/** Does the first box cover the second one at this threshold? */
function covers(one: Turned, other: Turned, iou: number): boolean {
  const both = [one, other];
  const corners = both.flatMap(([x, y, w, h]) => [x - w / 2, y - h / 2, x + w / 2, y + h / 2]);
  const angles = Float64Array.from(both, ([, , , , angle]) => angle);
  return byProbIou({ boxes: Float64Array.from(corners), angles, count: 2 }, iou)(0, 1);
}

const quarter = Math.PI / 2;

test.each<[string, Turned, Turned]>([
  ["the same", [50, 50, 40, 10, 0.3], [50, 50, 40, 10, 0.3]],
  ["turned by half a turn", [50, 50, 40, 10, 0.3], [50, 50, 40, 10, 0.3 + Math.PI]],
  ["turned by a quarter with width and height exchanged", [50, 50, 40, 10, 0], [50, 50, 10, 40, quarter]],
  ["a square, turned by anything", [50, 50, 20, 20, 0], [50, 50, 20, 20, 0.7]],
])("two rotated boxes overlap wholly when the other is %s", (_, one, other) => {
  expect(covers(one, other, 0.99)).toBe(true);
});

test.each<[string, Turned, Turned]>([
  ["crosses it", [50, 50, 40, 4, 0], [50, 50, 40, 4, quarter]],
  ["lies beside it", [50, 50, 40, 10, 0], [50, 75, 40, 10, 0]],
  ["is far away", [50, 50, 40, 10, 0], [5000, 50, 40, 10, 0]],
  ["is no number", [50, 50, 40, 10, 0], [Number.NaN, 50, 40, 10, 0]],
])("two rotated boxes are two things when the other %s", (_, one, other) => {
  expect(covers(one, other, 0.3)).toBe(false);
});

test("a threshold lies where the published formula puts it", () => {
  // Two circles' worth of the same shape, a standard deviation apart: a distance of 1/8 and an overlap of 0.657.
  const side = Math.sqrt(12);
  const [one, other]: Turned[] = [
    [0, 0, side, side, 0],
    [1, 0, side, side, 0],
  ];
  const overlap = 1 - Math.sqrt(1 - Math.exp(-1 / 8));
  expect(one && other && covers(one, other, overlap - 1e-4)).toBe(true);
  expect(one && other && covers(one, other, overlap + 1e-4)).toBe(false);
});
