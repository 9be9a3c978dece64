import type { ImageSize } from "#inference/contract.ts";
import type { HeadPlan } from "#inference/heads/head-plan.ts";
import { outputsOf } from "#inference/heads/head-shapes.ts";
import { boxOutput, checkDimensions, checkLast, onlyOutput } from "./box-output.ts";
import type { OnnxFile, TensorInfo } from "./onnx.ts";
import { planDetect } from "./plan-detect.ts";
import type { Statements } from "./statements.ts";
import { unusable } from "./unusable.ts";

/** The head for a model's outputs, by what is said of it and by their shapes and names, in whatever order they come. */
export function planHead(file: OnnxFile, said: Statements, input: ImageSize): HeadPlan {
  const head = headFor(file, said, input);
  const read = outputsOf(head);
  const odd = file.outputs.find(
    ({ name, elementType }) => read.includes(name) && !/^float(32|16)$/.test(elementType),
  );
  if (odd) throw unusable(file, `the output is ${odd.elementType}, expected float32 or float16`);
  return head;
}

function headFor(file: OnnxFile, said: Statements, input: ImageSize): HeadPlan {
  if (said.task === "segment") return planSegment(file, said);
  if (said.task === "detect") return planDetect(file, said, input);
  const output = onlyOutput(file);
  if (said.task === "classify") {
    checkDimensions(file, output, 2);
    checkLast(file, output, said.names?.length);
    return { kind: "classify", output: output.name, logits: said.logits };
  }
  if (said.task === "obb") return { kind: "obb", ...boxOutput(file, said, output, 1) };
  const { keypoints } = said;
  if (keypoints === undefined) throw unusable(file, "task 'pose' needs `kpt_shape` in the metadata");
  const extras = keypoints.count * keypoints.numbers;
  return { kind: "pose", keypoints, ...boxOutput(file, said, output, extras) };
}

/** Prototypes have four dimensions, the things three; where nothing is declared the exporter's names decide. */
function planSegment(file: OnnxFile, said: Statements): HeadPlan {
  const { outputs } = file;
  const isPrototypes = ({ name, dims }: TensorInfo): boolean =>
    dims.length === 4 || (dims.length === 0 && /^output1$|proto/i.test(name));
  const [prototypes, ...others] = outputs.filter(isPrototypes);
  const [output] = outputs.filter((one) => !isPrototypes(one));
  if (!prototypes || !output || others.length > 0 || outputs.length !== 2) {
    throw unusable(file, "task 'segment' needs two outputs, one of them prototypes of four dimensions");
  }
  const [, count] = prototypes.dims;
  const extras = typeof count === "number" ? count : undefined;
  return { kind: "segment", prototypes: prototypes.name, ...boxOutput(file, said, output, extras) };
}
