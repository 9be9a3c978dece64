import { expect, test } from "vitest";
import type { QuantizeReport } from "#inference/quantize/report.ts";
import { showQuantizeReport } from "#infra/command/models/show-quantize-report.ts";

const report: QuantizeReport = {
  ...{ model: "m.onnx", out: "q.onnx", isWritten: true, refusals: [], target: "x64", calibration: "minmax" },
  images: { taken: 100, found: 250 },
  bytes: { before: 12_730_000, after: 3_470_000 },
  kernels: { QLinearConv: 63, QLinearMul: 57, DequantizeLinear: 6, Conv: 1 },
  speed: { msBefore: 93.65, msAfter: 4.198, ratio: 2.213, rounds: 21 },
  agreement: {
    mean: 0.9912,
    worst: { agreement: 0.5, file: "s/7.jpg" },
    images: 40,
    isShadow: true,
    least: 0.9,
  },
  accuracy: {
    before: { map50: 0.8237, map50To95: 0.5374 },
    after: { map50: 0.8208, map50To95: 0.5353 },
    ...{ lost: 0.29, images: 400, most: 1 },
  },
};

test("a person reads what a quantized model is worth, the verdict last", () => {
  expect(showQuantizeReport(report).split("\n")).toEqual([
    "m.onnx for x64, calibrated by minmax on 100 of 250 images",
    "size       12.73 -> 3.47 MB (27 %)",
    "kernels    63 QLinearConv, 57 QLinearMul, 1 Conv",
    "speed      93.7 -> 4.20 ms a run on one thread here: 2.21 times as fast",
    "agreement  0.9912 over 40 of other images, at least 0.9 wanted; worst 0.5000 in s/7.jpg",
    "mAP50      0.8237 -> 0.8208: 0.29 points lost, at most 1 allowed; mAP50-95 0.5374 -> 0.5353, over 400 images",
    "written to q.onnx",
  ]);
});

test("a person reads why nothing was written, and what was not measured is not told", () => {
  const refusals = ["it agrees too little"];
  const lines = showQuantizeReport({
    ...{ ...report, isWritten: false, refusals, accuracy: undefined, kernels: {} },
    agreement: { ...report.agreement, isShadow: false },
  }).split("\n");
  expect(lines.slice(-2)).toEqual(["it agrees too little", "nothing was written"]);
  expect(lines).toContainEqual("kernels    none for whole numbers");
  expect(lines.some((line) => line.startsWith("mAP50"))).toBe(false);
  expect(lines.find((line) => line.startsWith("agreement"))).toContain("calibration's own images");
});
