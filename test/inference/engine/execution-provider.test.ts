import { expect, test } from "vitest";
import { missingFor } from "#inference/engine/execution-provider.ts";

const linux = (...files: string[]) => ({
  platform: "linux",
  arch: "x64",
  exists: (path: string) => files.some((file) => path.endsWith(file)),
});

test("a provider without its library is passed over with the reason", () => {
  expect(missingFor("cuda", linux())).toContain("library is not installed");
  expect(missingFor("tensorrt", linux("libonnxruntime_providers_cuda.so"))).toContain("library");
  expect(missingFor("cuda", linux("linux/x64/libonnxruntime_providers_cuda.so"))).toBeUndefined();
  expect(missingFor("cuda", { ...linux("x"), platform: "darwin" })).toContain("library");
});

test("webgpu is tried only where a graphics device is", () => {
  expect(missingFor("webgpu", linux())).toContain("/dev/dri");
  expect(missingFor("webgpu", linux("/dev/dri"))).toBeUndefined();
  expect(missingFor("webgpu", { ...linux(), platform: "darwin" })).toBeUndefined();
});

test("the processor is always worth trying", () => {
  expect(missingFor("cpu", linux())).toBeUndefined();
});
