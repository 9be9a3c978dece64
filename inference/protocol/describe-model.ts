import type { ModelInfo } from "#inference/contract.ts";

/** What `GET /v2/models/{model}` says: the image face of a model, and in `parameters` what lies behind it. */
export function describeModel(info: ModelInfo, executionProvider: string): object {
  return {
    name: info.name,
    versions: [info.version],
    platform: "onnxruntime_onnx",
    inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }],
    outputs: [
      { name: "boxes", datatype: "FP32", shape: [-1, -1, 4] },
      { name: "scores", datatype: "FP32", shape: [-1, -1] },
      { name: "classes", datatype: "INT32", shape: [-1, -1] },
      { name: "counts", datatype: "INT32", shape: [-1] },
      { name: "sizes", datatype: "INT32", shape: [-1, 2] },
    ],
    parameters: {
      names: JSON.stringify(info.names),
      task: info.task,
      precision: info.precision,
      execution_provider: executionProvider,
      input_width: info.input.width,
      input_height: info.input.height,
    },
  };
}
