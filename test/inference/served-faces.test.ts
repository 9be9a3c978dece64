import { expect, test } from "vitest";
import type { TensorSpec } from "#inference/contract.ts";
import type { Face } from "#inference/face.ts";
import type { OpenModel } from "#inference/open-model.ts";
import { leaseFace, type Models } from "#inference/served-faces.ts";

const spec = (name: string): TensorSpec => ({ name, datatype: "FP32", shape: [-1] });
const face = (name: string, input: string): Face => ({ name, inputs: [spec(input)] }) as unknown as Face;

/** A model that reads images, whose graph calls its input so. */
function modelsWith(graphInput: string): Models {
  const faces = { image: face("m", "image"), tensor: face("m-tensor", graphInput) };
  const loaded = { faces } as unknown as OpenModel;
  const lease = () => ({ version: "1", loaded, [Symbol.dispose]: () => {} });
  return { lease, versions: () => ["1"] } as unknown as Models;
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
