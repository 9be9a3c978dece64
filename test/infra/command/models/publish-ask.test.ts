import { expect, test } from "vitest";
import { readPublishAsk } from "#infra/command/models/publish-ask.ts";

const least = [
  "m.onnx",
  "--store",
  "s",
  "--model",
  "m",
  "--version",
  "1.0",
  "--images",
  "i",
  "--key",
  "k.pem",
];

test("a publishing that says only what it must is one file for any processor", () => {
  expect(readPublishAsk(least)).toEqual({
    ...{ store: "s", model: "m", version: "1.0", release: undefined, images: "i", keys: ["k.pem"] },
    ...{ files: [{ target: "any", path: "m.onnx" }], onlineKey: [], stage: ".", minAgreement: 990_000 },
    ...{ minAgent: "0.1.0", floorReports: [], isJson: false },
  });
});

test("all that can be said of a publishing is read", () => {
  const files = ["--file", "x64=q.onnx", "--file", "arm64=a=b.onnx"];
  const more = ["--release", "7", "--min-agreement", "0.9", "--key", "a.pem,b.pem", "--online-key", "env:O"];
  expect(readPublishAsk([...least, ...files, ...more, "--floor-report", "r.json", "--json"])).toMatchObject({
    files: [
      { target: "any", path: "m.onnx" },
      { target: "x64", path: "q.onnx" },
      { target: "arm64", path: "a=b.onnx" },
    ],
    ...{ release: 7, minAgreement: 900_000, keys: ["k.pem", "a.pem", "b.pem"], onlineKey: ["env:O"] },
    ...{ floorReports: ["r.json"], isJson: true },
  });
});

const without = (flag: string) => least.filter((_, at) => least[at] !== flag && least[at - 1] !== flag);

test.each([
  ["no file", least.slice(1), "request_malformed"],
  ["two files in a row", [...least, "n.onnx"], "request_malformed"],
  ["no store", without("--store"), "request_malformed"],
  ["no key", without("--key"), "request_malformed"],
  ["no images", without("--images"), "request_malformed"],
  ["no version", without("--version"), "request_malformed"],
  ["a version that is none", [...without("--version"), "--version", "1 0"], "parameter_invalid"],
  ["two files for one target", [...least, "--file", "any=n.onnx"], "parameter_invalid"],
  ["a file without a target", [...least, "--file", "n.onnx"], "parameter_invalid"],
  ["a target that is none", [...least, "--target", "gpu"], "parameter_invalid"],
  ["release 0", [...least, "--release", "0"], "parameter_invalid"],
  ["an agreement above all", [...least, "--min-agreement", "1.5"], "parameter_invalid"],
  ["an agent that is no version", [...least, "--min-agent", "2"], "parameter_invalid"],
  ["a flag that is none", [...least, "--force"], "config_invalid"],
])("a publishing with %s is refused", (_, args, code) => {
  expect(() => readPublishAsk(args)).toThrow(expect.objectContaining({ code }));
});
