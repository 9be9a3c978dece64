import type { BackendTimings, Detection, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import type { InferRequest, outputNames } from "./read-request.ts";

type OutputName = (typeof outputNames)[number];

type Output = {
  readonly name: OutputName;
  readonly datatype: "FP32" | "INT32";
  readonly shape: readonly number[];
  readonly data: readonly number[];
};

/** The answer to an infer request as the protocol's JSON; images with fewer boxes are filled up with zeros. */
export function writeInferResponse(
  { name, version, precision }: ModelInfo,
  answers: readonly ImageAnswer[],
  { id, outputs: wanted }: Pick<InferRequest, "id" | "outputs">,
): object {
  const all = toOutputs(answers);
  return {
    ...(id === undefined ? {} : { id }),
    model_name: name,
    model_version: version,
    parameters: { precision, ...slowest(answers) },
    outputs: wanted ? wanted.flatMap((one) => all.filter((output) => output.name === one)) : all,
  };
}

function toOutputs(answers: readonly ImageAnswer[]): Output[] {
  const images = answers.length;
  const counts = answers.map(({ detections }) => detections.length);
  const most = Math.max(0, ...counts);
  const each = (width: number, values: (detection: Detection) => readonly number[]): number[] =>
    answers.flatMap(({ detections }) => padded(detections.flatMap(values), width * most));
  return [
    { name: "boxes", datatype: "FP32", shape: [images, most, 4], data: each(4, cornersOf) },
    {
      name: "scores",
      datatype: "FP32",
      shape: [images, most],
      data: each(1, ({ score }) => [rounded(score, 6)]),
    },
    {
      name: "classes",
      datatype: "INT32",
      shape: [images, most],
      data: each(1, (detection) => [detection.class]),
    },
    { name: "counts", datatype: "INT32", shape: [images], data: counts },
    {
      name: "sizes",
      datatype: "INT32",
      shape: [images, 2],
      data: answers.flatMap(({ image }) => [image.width, image.height]),
    },
  ];
}

function cornersOf({ box: { x1, y1, x2, y2 } }: Detection): readonly number[] {
  return [rounded(x1, 3), rounded(y1, 3), rounded(x2, 3), rounded(y2, 3)];
}

/** A float32 holds about seven digits; printing the sixteen of a double would only make answers three times as long. */
function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

function padded(values: readonly number[], length: number): number[] {
  return [...values, ...new Array<number>(length - values.length).fill(0)];
}

/** Of several images the slowest counts in each part, since they ran side by side. */
function slowest(answers: readonly ImageAnswer[]): Record<string, number> {
  const most = (part: keyof BackendTimings): number =>
    rounded(Math.max(0, ...answers.map((one) => one.timings[part])), 3);
  return {
    queue_ms: most("queue"),
    preprocess_ms: most("preprocess"),
    inference_ms: most("inference"),
    postprocess_ms: most("postprocess"),
  };
}
