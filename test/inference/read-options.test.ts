import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { readOptions } from "#inference/read-options.ts";

const read = (...args: string[]) => readOptions(args, { host: "127.0.0.1", port: "8000" });
const folder = ["--models", "./models"] as const;

test("a backend that is told nothing but its models serves them as they are at start, on every core", () => {
  expect(read(...folder)).toEqual({
    models: { kind: "repository", url: "./models", cache: undefined },
    control: { mode: "none" },
    imagesOnly: false,
    host: "127.0.0.1",
    port: 8_000,
    workers: availableParallelism(),
    isolate: false,
    executionProviders: ["tensorrt", "cuda", "webgpu", "cpu"],
    runTimeoutMs: 60_000,
    maxBodyBytes: 67_108_864,
    maxMemoryBytes: undefined,
    signedCalls: false,
  });
  expect(read(...folder, "--signed-calls").signedCalls).toBe(true);
});

test("where no flag says where models are, the environment does", () => {
  const usual = (models: string | undefined, ...args: string[]) =>
    readOptions(args, { host: "127.0.0.1", port: "8000", models }).models;
  expect(usual("s3://bucket/v2", "--cache", "/c")).toEqual({
    kind: "repository",
    url: "s3://bucket/v2",
    cache: "/c",
  });
  expect(usual("s3://bucket/v2", ...folder)).toMatchObject({ url: "./models" });
  expect(usual("s3://bucket/v2", "--model", "a.onnx")).toEqual({ kind: "file", path: "a.onnx" });
  expect(usual("s3://bucket/v2", "--upstream", "http://host:8000")).toMatchObject({ kind: "upstream" });
  for (const none of [undefined, ""]) expect(() => usual(none)).toThrow("give either --models");
});

test("flags say where models come from and who decides which are loaded", () => {
  expect(read("--model", "a.onnx").models).toEqual({ kind: "file", path: "a.onnx" });
  const bucket = read("--models", "s3://bucket/models", "--cache", "/var/cache/models");
  expect(bucket.models).toEqual({
    kind: "repository",
    url: "s3://bucket/models",
    cache: "/var/cache/models",
  });
  expect(read(...folder, "--model-control", "poll").control).toEqual({ mode: "poll", everyMs: 15_000 });
  const explicit = [...folder, "--model-control", "explicit"];
  expect(read(...explicit).control).toEqual({ mode: "explicit", load: [] });
  expect(read(...explicit, "--load-model", "a", "--load-model", "b").control).toEqual({
    mode: "explicit",
    load: ["a", "b"],
  });
  expect(read(...explicit, "--load-model", "*").control).toEqual({ mode: "explicit", load: "all" });
});

test("models of an upstream server are followed as they come and go, and asked for several at once", () => {
  const upstream = ["--upstream", "http://host:8000"] as const;
  expect(read(...upstream)).toMatchObject({
    models: { kind: "upstream", url: "http://host:8000", models: undefined, settings: undefined },
    control: { mode: "poll", everyMs: 15_000 },
    workers: 8,
    isolate: false,
  });
  expect(read(...upstream, "--workers", "2", "--model-control", "none")).toMatchObject({
    control: { mode: "none" },
    workers: 2,
  });
});

test("sizes and times are given with their units, providers in their order", () => {
  const said = [
    "--max-body",
    "20MiB",
    "--max-memory",
    "4GiB",
    "--run-timeout",
    "5s",
    "--execution-providers",
    "cuda, cpu",
  ];
  expect(read(...folder, ...said, "--isolate", "--workers", "3")).toMatchObject({
    maxBodyBytes: 20_971_520,
    maxMemoryBytes: 4_294_967_296,
    runTimeoutMs: 5_000,
    executionProviders: ["cuda", "cpu"],
    isolate: true,
    workers: 3,
  });
});

test.each([
  [["--max-body", "20"], /^--max-body: expected/],
  [["--max-body", "0B"], /^--max-body: expected/],
  [["--max-body", "2GiB"], /^--max-body: expected/],
  [["--run-timeout", "60"], /^--run-timeout: expected/],
  [["--max-memory", "much"], /^--max-memory: expected/],
  [["--workers", "0"], /no number of workers/],
  [["--workers", "many"], /no number of workers/],
  [["--model", "a.onnx"], /either --models/],
  [["--model-control", "always"], /none, explicit or poll/],
  [["--load-model", "a"], /needs --model-control explicit/],
  [["--execution-providers", "cuda,gpu"], /each once, got "cuda,gpu"/],
  [["--execution-providers", "cpu,cpu"], /each once/],
  [["--execution-providers", ""], /each once/],
])("the flags %j are refused by name", (args, message) => {
  expect(() => read(...folder, ...args)).toThrow(message);
});

test("a backend without models is refused", () => {
  expect(() => read()).toThrow(/either --models/);
});
