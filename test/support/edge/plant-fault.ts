import { readGraphFile } from "#inference/quantize/onnx/graph-file.ts";
import { bodiesOf } from "#inference/quantize/onnx/parts.ts";

/** Four distances and ten digits come out of each head of the demo models. */
const boxes = 4;
const classes = 10;

/**
 * A demo model that is bad in a way which no checksum knows: `unsure` of everything, which its own golden answers do not
 * show, `permuted` so that each digit is called another, or without numbers at all.
 */
export function plantFault(file: Uint8Array, fault: "unsure" | "permuted" | "nan"): Buffer {
  const bytes = Buffer.from(file);
  const { constants } = readGraphFile(bytes);
  for (const head of [0, 1, 2]) {
    const bias = viewOf(constants.get(`detector.heads.${head}.bias`));
    const weight = viewOf(constants.get(`detector.heads.${head}.weight`));
    if (fault === "permuted") for (const view of [bias, weight]) rotate(view);
    else each(bias, (value) => (fault === "nan" ? Number.NaN : value - 1.7));
  }
  return bytes;
}

type Constant = NonNullable<ReturnType<ReturnType<typeof readGraphFile>["constants"]["get"]>>;

/** Of the file's own bytes. */
function viewOf(constant: Constant | undefined): Buffer {
  const [raw] = constant ? bodiesOf(constant.parts, 9) : [];
  if (!raw) throw new Error("the demo model's head is not where it was");
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
}

function each(bias: Buffer, change: (value: number) => number): void {
  for (let at = boxes; at < boxes + classes; at += 1)
    bias.writeFloatLE(change(bias.readFloatLE(4 * at)), 4 * at);
}

/** Each class gets the row of the one before it. */
function rotate(rows: Buffer): void {
  const row = rows.byteLength / (boxes + classes);
  const all = Buffer.from(rows.subarray(boxes * row));
  all.copy(rows, (boxes + 1) * row, 0, (classes - 1) * row);
  all.copy(rows, boxes * row, (classes - 1) * row);
}
