import { expect, test } from "vitest";
import { letterbox } from "#inference/image/letterbox.ts";
import { toTensor } from "#inference/image/tensor.ts";

test("pixels become planes from 0 to 1 at their place, with grey around them", () => {
  const place = letterbox({ width: 2, height: 1 }, { width: 2, height: 3 });
  const { dims, data } = toTensor(Uint8Array.of(255, 0, 51, 0, 255, 102), place);
  const grey = Math.fround(114 / 255);
  const plane = (left: number, right: number) => [
    grey,
    grey,
    Math.fround(left),
    Math.fround(right),
    grey,
    grey,
  ];
  expect(dims).toEqual([1, 3, 3, 2]);
  expect([...data]).toEqual([...plane(1, 0), ...plane(0, 1), ...plane(51 / 255, 102 / 255)]);
});
