import { Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import type { Tensors } from "#inference/contract.ts";
import { type CalibrateOptions, calibrate } from "#inference/quantize/calibrate/calibrate.ts";
import { expose, type Use } from "#inference/quantize/calibrate/expose.ts";
import { readGraphFile } from "#inference/quantize/onnx/graph-file.ts";
import { writeOnnx } from "#test/support/onnx-writer.ts";
import { readBack } from "../look-into.ts";

const plain = writeOnnx({
  inputs: [{ name: "x", dims: [1, 3] }],
  outputs: [{ name: "y", dims: [1, 3] }],
  nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
});

function exposed(uses: Record<string, Use>) {
  return expose(readGraphFile(plain), new Map(Object.entries(uses)));
}

type Image = Readonly<Record<string, readonly number[]>>;

/** A model whose insides are what the image says, by the names under which they are exposed. */
function options(
  uses: Record<string, Use>,
  images: readonly Image[],
): CalibrateOptions & { runs: string[][] } {
  const { exposed: all } = exposed(uses);
  const runs: string[][] = [];
  let next = 0;
  const perPass = images.length;
  return {
    runs,
    exposed: all,
    mixture: [1, 2],
    calibration: "minmax",
    signal: new AbortController().signal,
    images: async function* () {
      for (const _ of images)
        yield { x: { datatype: "FP32", shape: [1], data: Float32Array.of(next++ % perPass) } };
    },
    session: {
      run: async (feeds: unknown, wanted: unknown) => {
        const image = images[Number((feeds as Record<string, Tensor>).x?.data[0])] ?? {};
        const names = wanted as string[];
        runs.push(names);
        return Object.fromEntries(names.map((name) => [name, tensorFor(name, all, image)]));
      },
    },
  };
}

function tensorFor(name: string, all: CalibrateOptions["exposed"], image: Image): Tensor {
  const one = all.find((found) => Object.values(found).includes(name));
  const values = image[one?.tensor ?? ""] ?? [];
  if (name === one?.min) return new Tensor("float32", [Math.min(...values)], []);
  if (name === one?.max) return new Tensor("float32", [Math.max(...values)], []);
  if (name === one?.count) return new Tensor("int64", [BigInt(values.length)], []);
  return new Tensor("float32", Float32Array.from(values), [1, values.length]);
}

test("the model with its insides exposed gives their extremes, and the numbers only where they are wanted", () => {
  const { chunks, exposed: all } = exposed({ x: "extremes", y: "all" });
  const file = readBack(chunks);
  const [first, second] = all;
  expect(file.outputs).toEqual([
    ...["y", first?.min, first?.max, first?.count],
    ...[second?.min, second?.max, second?.count, second?.values],
  ]);
  expect(file.nodes.map(({ op }) => op)).toEqual([
    ...["Relu", "ReduceMin", "ReduceMax", "Size"],
    ...["ReduceMin", "ReduceMax", "Size", "Identity"],
  ]);
});

test("names that the model has already are not taken for what is exposed", () => {
  const bytes = writeOnnx({
    inputs: [{ name: "calibration_min_0", dims: [1] }],
    outputs: [{ name: "y", dims: [1] }],
    nodes: [{ op: "Relu", inputs: ["calibration_min_0"], outputs: ["y"] }],
  });
  const { exposed: all } = expose(readGraphFile(bytes), new Map([["y", "extremes"]]));
  expect(all[0]?.min).not.toBe("calibration_min_0");
});

test("a range spans all images", async () => {
  const seen = await calibrate(
    options({ x: "extremes", y: "extremes" }, [
      { x: [1, -2], y: [5] },
      { x: [0, 3], y: [4] },
    ]),
  );
  expect(Object.fromEntries(seen.ranges)).toEqual({ x: { min: -2, max: 3 }, y: { min: 4, max: 5 } });
  expect(seen.channelRanges.size).toBe(0);
});

test("kinds of numbers side by side have a range each, one for all channels of a kind", async () => {
  const seen = await calibrate(options({ x: "kinds" }, [{ x: [100, 1, -2] }, { x: [-50, 0, 3] }]));
  const [boxes, scores] = [
    { min: -50, max: 100 },
    { min: -2, max: 3 },
  ];
  expect(seen.channelRanges.get("x")).toEqual([boxes, scores, scores]);
});

test("insides that do not fit the bound together are looked at in several runs", async () => {
  const wide = options({ x: "all", y: "all" }, [{ x: [0, 1, 2], y: [3, 4, 5] }]);
  const seen = await calibrate({ ...wide, calibration: "percentile", mostBytes: 16 });
  expect(wide.runs).toHaveLength(3);
  expect(seen.ranges.get("y")).toEqual({ min: 3, max: 5 });
  const together = options({ x: "all", y: "all" }, [{ x: [0, 1, 2], y: [3, 4, 5] }]);
  await calibrate({ ...together, calibration: "entropy" });
  expect(together.runs).toHaveLength(2);
});

test("what leaves the whole numbers keeps all that was seen of it, whatever the calibration", async () => {
  const asked = options({ x: "all", y: "extremes" }, [{ x: [1, 2], y: [-9, 9] }]);
  const { ranges } = await calibrate({ ...asked, calibration: "percentile" });
  expect(ranges.get("y")).toEqual({ min: -9, max: 9 });
});

test("a model that fails on an image is unusable", async () => {
  const asked = options({ x: "extremes" }, [{ x: [1] }]);
  const session = {
    run: async (_: Tensors | unknown) => {
      throw new Error("no");
    },
  };
  await expect(calibrate({ ...asked, session })).rejects.toMatchObject({ code: "model_unusable" });
});

test("a calibration that nobody wants any more ends at the next image", async () => {
  const asked = options({ x: "extremes" }, [{ x: [1] }]);
  await expect(calibrate({ ...asked, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "caller_left",
  });
  expect(asked.runs).toHaveLength(0);
});
