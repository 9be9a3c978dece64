import type { BoxOutput } from "#inference/heads/head-plan.ts";
import type { OnnxFile, TensorInfo } from "./onnx.ts";
import type { Statements } from "./statements.ts";
import { unusable } from "./unusable.ts";

/** Is it every guess, or what the graph's own suppression left of them? `extras` is undefined where no shape tells. */
export function boxOutput(
  file: OnnxFile,
  said: Statements,
  output: TensorInfo,
  extras: number | undefined,
): BoxOutput {
  checkDimensions(file, output, 3);
  const [, rows, last] = output.dims;
  const { settled, names, agnostic } = said;
  const narrow = extras === undefined ? undefined : 6 + extras;
  const tall = names && extras !== undefined ? 4 + names.length + extras : undefined;
  const looksSettled = last !== undefined && last === narrow && (tall === undefined || rows !== tall);
  if (settled === true || (settled === undefined && looksSettled)) {
    checkLast(file, output, narrow);
    if (!names)
      throw unusable(file, "an export with its own suppression (last dimension 6) needs class names");
    return { output: output.name, layout: "settled", agnostic };
  }
  if (typeof rows === "number" && names && tall !== undefined && rows !== tall) {
    const wanted = `${names.length} class names ask for ${tall}`;
    throw unusable(file, `the output has ${rows} rows, but ${wanted}`);
  }
  return { output: output.name, layout: "anchors", agnostic };
}

export function onlyOutput(file: OnnxFile): TensorInfo {
  const [output] = file.outputs;
  if (output && file.outputs.length === 1) return output;
  throw unusable(file, `${file.outputs.length} outputs, expected one`);
}

/** An output without a declared shape is looked at after the first run. */
export function checkDimensions(file: OnnxFile, { dims }: TensorInfo, wanted: number): void {
  if (dims.length === 0 || dims.length === wanted) return;
  throw unusable(file, `the output has ${dims.length} dimensions, expected ${wanted}`);
}

export function checkLast(file: OnnxFile, { dims }: TensorInfo, wanted: number | undefined): void {
  const last = dims.at(-1);
  if (wanted === undefined || typeof last !== "number" || last === wanted) return;
  throw unusable(file, `the output's last dimension is ${last}, expected ${wanted}`);
}
