import { expect, test } from "vitest";
import { restoreBoxes } from "#gateway/prepare/restore-boxes.ts";
import type { Detection, ImageAnswer } from "#inference/contract.ts";

const timings = { queue: 1, preprocess: 2, inference: 3, postprocess: 4 };
const found = { name: "7", class: 7, score: 0.9, box: { x1: 10, y1: 20, x2: 320, y2: 180 } };

function answer(...detections: Detection[]): ImageAnswer {
  return { image: { width: 320, height: 180 }, detections, timings, batch: 2 };
}

const original = { width: 1280, height: 540 };

test("boxes come back in the original's pixels, each side by its own scale", () => {
  expect(restoreBoxes(answer(found), original)).toEqual({
    image: original,
    detections: [{ ...found, box: { x1: 40, y1: 60, x2: 1280, y2: 540 } }],
    timings,
    batch: 2,
  });
});

test("keypoints and corners come back with them", () => {
  const posed = { ...found, keypoints: [{ x: 1, y: 2, visibility: 0.5 }] };
  const corner = (x: number, y: number) => ({ x, y });
  const turned = { ...found, corners: [corner(1, 1), corner(2, 1), corner(2, 2), corner(1, 2)] as const };
  const [first, second] = restoreBoxes(answer(posed, turned), original).detections;
  expect(first?.keypoints).toEqual([{ x: 4, y: 6, visibility: 0.5 }]);
  expect(first?.corners).toBeUndefined();
  expect(second?.corners).toEqual([corner(4, 3), corner(8, 3), corner(8, 6), corner(4, 6)]);
});

test("an answer about the original itself stays the same object", () => {
  const same = answer(found);
  expect(restoreBoxes(same, same.image)).toBe(same);
});

test("a mask of a smaller copy is our own mistake and is not passed on", () => {
  expect(() => restoreBoxes(answer({ ...found, mask: "abc" }), original)).toThrow(
    expect.objectContaining({ code: "internal" }),
  );
});
