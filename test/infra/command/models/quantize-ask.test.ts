import { expect, test } from "vitest";
import { readQuantizeAsk } from "#infra/command/models/quantize-ask.ts";

const least = ["m.onnx", "--images", "calibration", "--out", "q.onnx"];

test("a quantization that says only what it must is for x64, by the extremes, with the usual floors", () => {
  expect(readQuantizeAsk(least)).toEqual({
    ...{ model: "m.onnx", images: "calibration", out: "q.onnx", target: "x64", calibration: "minmax" },
    ...{ shadow: undefined, truth: undefined, floors: { agreement: 0.9, mapLoss: 1 }, isJson: false },
  });
});

test("all that can be said of a quantization is read", () => {
  const flags = ["--target", "arm64", "--calibration", "entropy", "--shadow", "s", "--truth", "t"];
  const ask = readQuantizeAsk([
    ...least,
    ...flags,
    "--min-agreement",
    "0.95",
    "--max-map-loss",
    "0.5",
    "--json",
  ]);
  expect(ask).toMatchObject({
    target: "arm64",
    calibration: "entropy",
    shadow: "s",
    truth: "t",
    isJson: true,
  });
  expect(ask.floors).toEqual({ agreement: 0.95, mapLoss: 0.5 });
});

test.each([
  ["no model", ["--images", "i", "--out", "o"], "request_malformed"],
  ["no images", ["m.onnx", "--out", "o"], "request_malformed"],
  ["nowhere to write", ["m.onnx", "--images", "i"], "request_malformed"],
  ["two models", [...least, "n.onnx"], "request_malformed"],
  ["a floor of mAP without truth", [...least, "--max-map-loss", "1"], "request_malformed"],
  ["another target", [...least, "--target", "toString"], "parameter_invalid"],
  ["another calibration", [...least, "--calibration", "guess"], "parameter_invalid"],
  ["an agreement above 1", [...least, "--min-agreement", "1.1"], "parameter_invalid"],
  ["a negative agreement", [...least, "--min-agreement=-0.5"], "parameter_invalid"],
  ["a loss that is no number", [...least, "--truth", "t", "--max-map-loss", "few"], "parameter_invalid"],
  ["an unknown flag", [...least, "--bits", "4"], "config_invalid"],
])("a quantization with %s is refused", (_, args, code) => {
  expect(() => readQuantizeAsk(args)).toThrow(expect.objectContaining({ code }));
});
