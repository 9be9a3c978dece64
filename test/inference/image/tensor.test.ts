import { expect, test } from "vitest";
import { letterbox } from "#inference/image/letterbox.ts";
import { createSpareTensors, type PixelType, toTensor } from "#inference/image/tensor.ts";

const tall = letterbox({ width: 2, height: 1 }, { width: 2, height: 3 });
const pixels = Uint8Array.of(255, 0, 51, 0, 255, 102);

test("pixels become planes from 0 to 1 at their place, with grey around them", () => {
  const { shape, data } = toTensor(pixels, tall);
  const grey = Math.fround(114 / 255);
  const plane = (left: number, right: number) => [
    grey,
    grey,
    Math.fround(left),
    Math.fround(right),
    grey,
    grey,
  ];
  expect(shape).toEqual([1, 3, 3, 2]);
  expect([...data]).toEqual([...plane(1, 0), ...plane(0, 1), ...plane(51 / 255, 102 / 255)]);
});

test("a model may take the pixels' own numbers, or halves", () => {
  const whole = toTensor(pixels, tall, "UINT8");
  expect(whole.datatype).toBe("UINT8");
  expect([...whole.data]).toEqual([
    114, 114, 255, 0, 114, 114, 114, 114, 0, 255, 114, 114, 114, 114, 51, 102, 114, 114,
  ]);
  const half = toTensor(pixels, tall, "FP16");
  expect(half.datatype).toBe("FP16");
  expect([...half.data.subarray(2, 4)]).toEqual([0x3c00, 0]);
});

const places = [
  tall,
  letterbox({ width: 1, height: 2 }, { width: 3, height: 2 }),
  letterbox({ width: 2, height: 3 }, { width: 2, height: 3 }),
];

test.each<PixelType>(["FP32", "FP16", "UINT8"])(
  "a used %s tensor is filled anew, margins included",
  (type) => {
    for (const place of places) {
      const image = Uint8Array.from({ length: 3 * place.width * place.height }, (_, at) => (at * 37) % 256);
      const fresh = toTensor(image, place, type);
      const used = toTensor(image, place, type).data.fill(7);
      const again = toTensor(image, place, type, used);
      expect(again.data).toBe(used);
      expect(again).toEqual(fresh);
    }
  },
);

test("spare tensors are lent once each, in their one size, and not without bound", () => {
  const spares = createSpareTensors(2);
  expect(spares.take(6)).toBeUndefined();
  const kept = [new Float32Array(6), new Float32Array(6)];
  for (const tensor of [...kept, new Float32Array(6)]) spares.giveBack(tensor);
  expect([spares.take(6), spares.take(6), spares.take(6)]).toEqual([kept[1], kept[0], undefined]);
  spares.giveBack(undefined);
  spares.giveBack(new Float32Array(0));
  spares.giveBack(new Float32Array(5));
  expect(spares.take(6)).toBeUndefined();
});
