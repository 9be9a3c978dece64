import type { ImageSize } from "#inference/contract.ts";
import type { HeadPlan } from "#inference/heads/head-plan.ts";
import { boxOutput, checkDimensions, onlyOutput } from "./box-output.ts";
import type { OnnxFile, TensorInfo } from "./onnx.ts";
import type { Statements } from "./statements.ts";
import { unusable } from "./unusable.ts";

/** The head for boxes without more: which of the families of detectors is it? */
export function planDetect(file: OnnxFile, said: Statements, input: ImageSize): HeadPlan {
  if (file.outputs.length > 1) return planQueryPair(file, said);
  const output = onlyOutput(file);
  checkDimensions(file, output, 3);
  refuseObjectness(file, said, output, input);
  if (isQueries(file, said, output, input)) return { kind: "queries", output: output.name };
  return { kind: "detect", ...boxOutput(file, said, output, 0) };
}

function planQueryPair(file: OnnxFile, { names }: Statements): HeadPlan {
  const tables = file.outputs.filter(({ dims }) => dims.length === 3 || dims.length === 0);
  const fours = tables.filter(({ dims }) => dims[2] === 4);
  const [boxes, another] = fours.length === 1 ? fours : tables.filter(({ name }) => /box|dets/i.test(name));
  const [logits, more] = tables.filter(
    (one) => one !== boxes && /logit|label|score|class|cls/i.test(one.name),
  );
  const [last, ...rest] = tables.filter((one) => one !== boxes);
  const scores = more === undefined && logits !== undefined ? logits : rest.length === 0 ? last : undefined;
  if (!boxes || another || !scores || !isTogether(boxes, scores)) {
    throw unusable(file, `${file.outputs.length} outputs, expected one, or boxes and logits of a DETR`);
  }
  if (names === undefined) throw unusable(file, "boxes and logits need the class names to be understood");
  const [, , count = names.length] = scores.dims;
  if (typeof count === "number" && count !== names.length && count !== names.length + 1) {
    throw unusable(file, `the logits have ${count} columns, but there are ${names.length} class names`);
  }
  return { kind: "query-pair", boxes: boxes.name, logits: scores.name };
}

/** Both have a row for each query. */
function isTogether(boxes: TensorInfo, logits: TensorInfo): boolean {
  const [rows, others] = [boxes.dims[1], logits.dims[1]];
  const last = boxes.dims[2];
  const fitting = typeof rows !== "number" || typeof others !== "number" || rows === others;
  return fitting && (typeof last !== "number" || last === 4);
}

/** More rows than this are guesses and not findings. */
const mostSettled = 1_000;

/**
 * An RT-DETR export has a row for each query, as wide as four numbers and the scores. A detector's output that somebody
 * turned on its side looks the same, but has as many rows as the input has grid cells.
 */
function isQueries(file: OnnxFile, said: Statements, { dims }: TensorInfo, input: ImageSize): boolean {
  const [, rows, last] = dims;
  const wide = said.names && 4 + said.names.length;
  if (wide === undefined || last !== wide || rows === wide || said.settled === true) return false;
  if (said.detr) return true;
  if (last === 6 && said.settled === undefined) return refuseUnsaid(file);
  if (typeof rows === "number" && rows <= mostSettled && rows !== cellsOf(input)) return true;
  const shape = `[${dims.join(", ")}]`;
  throw unusable(file, `the output is ${shape}, which looks like [1, ${wide}, anchors] turned on its side`);
}

/** With two classes the width alone does not tell; an exporter that describes its model would say that it is a DETR. */
function refuseUnsaid(file: OnnxFile): false {
  if (file.metadata.has("description")) return false;
  const two = "six columns with two classes may be x1, y1, x2, y2, score, class or a box and two scores";
  throw unusable(file, `${two}, and the metadata has neither \`end2end\` nor \`description\``);
}

/** YOLOv5 has a number for "there is something" before the class scores, and three guesses for each grid cell. */
function refuseObjectness(file: OnnxFile, said: Statements, { dims }: TensorInfo, input: ImageSize): void {
  const [, rows, last] = dims;
  const wide = said.names ? 5 + said.names.length : 6;
  if (last !== wide || said.settled === true || rows === wide - 1) return;
  const few = typeof rows === "number" && rows <= mostSettled && rows !== 3 * cellsOf(input);
  // Six columns are also what an output with its own suppression has.
  if (last === 6 && (few || (!said.names && typeof rows !== "number"))) return;
  const shape = `[${dims.join(", ")}]`;
  throw unusable(
    file,
    `the output is ${shape}, with an objectness score as YOLOv5 has it, which is not read here`,
  );
}

/** Cells of the three grids, of 8, 16 and 32 pixels, that detectors of this kind look through. */
function cellsOf({ width, height }: ImageSize): number {
  const cells = [8, 16, 32].map((step) => Math.ceil(width / step) * Math.ceil(height / step));
  return cells.reduce((sum, count) => sum + count, 0);
}
