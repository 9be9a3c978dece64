/** An answer of the Open Inference Protocol as it goes over the wire. */
export type Wire = { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer };

const names = Array.from({ length: 10 }, (_, digit) => `${digit}`);

/** What our backend's clients read of a model. */
export function description(model: string): Wire {
  return asJson({
    name: model,
    versions: ["1"],
    platform: "onnxruntime_onnx",
    inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }],
    outputs: [],
    parameters: {
      names: JSON.stringify(names),
      task: "detect",
      precision: "fp32",
      input_width: 320,
      input_height: 320,
    },
  });
}

/** What was found: two things in a picture of 640 x 480. */
export const rightBoxes = [40, 30, 120, 130, 300, 200, 380, 300];
/** The same two things where nobody sees them. */
export const shiftedBoxes = rightBoxes.map((edge) => edge + 90);

type Found = { readonly boxes: readonly number[]; readonly score: number; readonly class: number };

export const right: Found = { boxes: rightBoxes, score: 0.9, class: 1 };
export const shifted: Found = { boxes: shiftedBoxes, score: 0.9, class: 1 };
export const impossible: Found = { boxes: rightBoxes.map(() => Number.NaN), score: 7, class: 1_000_000 };

type Output = {
  readonly name: string;
  readonly datatype: "FP32" | "INT32";
  readonly shape: readonly number[];
  readonly data: readonly number[];
};

/** With its tensors behind the head where the client wants them there, as our gateway does. */
export function detections(model: string, found: Found, isBinary: boolean): Wire {
  const outputs = outputsOf(found);
  const parameters = { queue_ms: 0.1, preprocess_ms: 1, inference_ms: 5, postprocess_ms: 0.2 };
  const head = { model_name: model, model_version: "1", parameters: { ...parameters, precision: "fp32" } };
  if (!isBinary) return asJson({ ...head, outputs });
  const tails = outputs.map(bytesOf);
  const placed = outputs.map(({ data: _, ...output }, place) => ({
    ...output,
    parameters: { binary_data_size: tails[place]?.byteLength },
  }));
  const json = Buffer.from(JSON.stringify({ ...head, outputs: placed }));
  return {
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": `${json.byteLength}`,
    },
    body: Buffer.concat([json, ...tails]),
  };
}

export function asJson(body: unknown): Wire {
  return { headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
}

function outputsOf({ boxes, score, class: index }: Found): readonly Output[] {
  const count = boxes.length / 4;
  const each = (value: number) => Array.from({ length: count }, () => value);
  return [
    { name: "boxes", datatype: "FP32", shape: [1, count, 4], data: boxes },
    { name: "scores", datatype: "FP32", shape: [1, count], data: each(score) },
    { name: "classes", datatype: "INT32", shape: [1, count], data: each(index) },
    { name: "counts", datatype: "INT32", shape: [1], data: [count] },
    { name: "sizes", datatype: "INT32", shape: [1, 2], data: [640, 480] },
  ];
}

function bytesOf({ datatype, data }: Output): Buffer {
  const tensor = datatype === "FP32" ? Float32Array.from(data) : Int32Array.from(data);
  return Buffer.from(tensor.buffer);
}
