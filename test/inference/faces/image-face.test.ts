import { expect, test } from "vitest";
import type { ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { imageFace } from "#inference/faces/image-face.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const info: ModelInfo = {
  ...{ name: "m", version: "1", task: "detect", precision: "fp32", names: ["a"] },
  input: { width: 64, height: 64 },
};

function request(images: number) {
  const data = Array.from({ length: images }, (_, index) => Uint8Array.of(index));
  return {
    inputs: { image: { datatype: "BYTES", shape: [images], data } as const },
    ...{ inputParameters: {}, parameters: {}, outputs: undefined, priority: 0, timeoutMs: undefined },
    signal: new AbortController().signal,
  };
}

test("a request of several images ends only when all of them have, and after a failure nobody wants the others", async () => {
  const slow = Promise.withResolvers<ImageAnswer>();
  const signals: AbortSignal[] = [];
  const face = imageFace({
    ...{ info, platform: "onnxruntime_onnx", executionProvider: "cpu", ready: () => true },
    detect: ([index], { signal }) => {
      signals.push(signal);
      if (index !== 0) return slow.promise;
      return Promise.reject(new TradewindError("image_undecodable", "it is cut short"));
    },
  });
  const settled: string[] = [];
  const answer = face.infer(request(3)).catch((error: TradewindError) => {
    settled.push(error.message);
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
  expect(settled).toEqual([]);
  slow.reject(new Error("abandoned"));
  await answer;
  expect(settled).toEqual(["image 0: it is cut short"]);
});
