/** The model that every gateway of the bench serves. */
export const model = "digits-s";

/** Where our gateway's client sends an image, and where the bare proxy does. */
export const inferPath = `/v2/models/${model}/versions/1/infer`;

/** What the backend says of the model. */
export const description = JSON.stringify({
  name: model,
  versions: ["1"],
  platform: "onnxruntime_onnx",
  inputs: [],
  outputs: [],
  parameters: {
    names: JSON.stringify(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]),
    task: "detect",
    precision: "fp32",
    input_width: 320,
    input_height: 320,
  },
});

const rows = [0, 1, 2, 3, 4];

/** Five boxes, whatever was sent. */
export const answer = JSON.stringify({
  model_name: model,
  model_version: "1",
  parameters: { queue_ms: 0, preprocess_ms: 0, inference_ms: 0, postprocess_ms: 0, precision: "fp32" },
  outputs: [
    {
      name: "boxes",
      datatype: "FP32",
      shape: [1, 5, 4],
      data: rows.flatMap((row) => [10.25 + row, 8.5 + row, 50.75 + row, 60.125 + row]),
    },
    { name: "scores", datatype: "FP32", shape: [1, 5], data: rows.map((row) => 0.9123 - row / 10) },
    { name: "classes", datatype: "INT32", shape: [1, 5], data: rows },
    { name: "counts", datatype: "INT32", shape: [1], data: [5] },
    { name: "sizes", datatype: "INT32", shape: [1, 2], data: [96, 96] },
  ],
});
