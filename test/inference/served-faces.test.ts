import { expect, test } from "vitest";
import type { Face } from "#inference/face.ts";
import { plainSettings } from "#inference/models/model-settings.ts";
import type { OpenModel } from "#inference/open-model.ts";
import { leaseFace, type Models } from "#inference/served-faces.ts";

function face(name: string, input: string): Face {
  return {
    ...{ name, version: "1", platform: "onnxruntime_onnx", maxBatchSize: 0, parameters: {}, ready: true },
    inputs: [{ name: input, datatype: "FP32", shape: [-1] }],
    outputs: [],
    infer: () => Promise.reject(new Error("nobody asks this face")),
  };
}

/** A model that reads images, whose graph calls its input so. */
function modelsWith(graphInput: string): Models {
  const nothing = async (): Promise<void> => {};
  const loaded: OpenModel = {
    ...{ name: "m", version: "1", settings: plainSettings, instances: 1, metadata: new Map() },
    ...{ info: undefined, unreadable: undefined, detect: undefined, ready: true, waiting: 0 },
    placement: { executionProvider: "cpu", passedOver: [] },
    faces: { image: face("m", "image"), tensor: face("m-tensor", graphInput) },
    recycle: async () => 0,
    close: nothing,
    [Symbol.asyncDispose]: nothing,
  };
  return {
    lease: () => ({ version: "1", loaded, [Symbol.dispose]: () => {} }),
    versions: () => ["1"],
    serving: [],
    index: async () => [],
    load: nothing,
    unload: nothing,
    ready: true,
  };
}

test("who sends the graph's own inputs gets the graph, anybody else the face of the name", () => {
  using lease = leaseFace(modelsWith("images"), "m", undefined);
  expect(lease.faceFor(["images"]).name).toBe("m-tensor");
  expect(lease.faceFor(["image"]).name).toBe("m");
  expect(lease.faceFor([]).name).toBe("m");
});

test("a graph whose input is called image does not keep images out", () => {
  using lease = leaseFace(modelsWith("image"), "m", undefined);
  expect(lease.faceFor(["image"]).name).toBe("m");
});
