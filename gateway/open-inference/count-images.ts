import { constants, gunzipSync, inflateSync } from "node:zlib";

export type CountedRequest = {
  readonly body: Buffer;
  /** What `inference-header-content-length` says. */
  readonly headLength: string | undefined;
  readonly encoding: string | undefined;
};

/**
 * How many images a request counts for: the length of its input of encoded images, and 1 for tensors. Where that cannot
 * be read cheaply it is the most that a request may hold, so that nobody hides a dozen images behind a long head.
 */
export function countImages({ body, headLength, encoding }: CountedRequest): number {
  if (headLength !== undefined && Number(headLength) === 0) return 1;
  const plain = beginningOf(body, encoding);
  if (!plain) return mostImages;
  const length = headLength === undefined ? plain.total : Number(headLength);
  if (!(length <= cheapHead)) return countAtBeginning(plain.bytes.toString("latin1", 0, beginning));
  return countInHead(plain.bytes.toString("utf8", 0, length));
}

const mostImages = 16;

/** A head of a hundred inputs takes less. */
const cheapHead = 65_536;

const beginning = 4_096;

type Plain = { readonly bytes: Buffer; readonly total: number };

/** Of a packed body the part that its first bytes unpack to: a thousand times as many at most. */
function beginningOf(body: Buffer, encoding = "identity"): Plain | undefined {
  if (encoding === "identity") return { bytes: body, total: body.byteLength };
  try {
    const packed = body.subarray(0, 1_024);
    const unpack = encoding === "gzip" ? gunzipSync : inflateSync;
    const bytes = unpack(packed, { finishFlush: constants.Z_SYNC_FLUSH });
    const isWhole = packed.byteLength === body.byteLength;
    return { bytes, total: isWhole ? bytes.byteLength : Number.POSITIVE_INFINITY };
  } catch {
    return undefined;
  }
}

function countInHead(text: string): number {
  try {
    const { inputs } = JSON.parse(text) as { readonly inputs?: unknown };
    if (!Array.isArray(inputs)) return 1;
    return inputs.reduce<number>((most, input) => Math.max(most, lengthOf(input)), 1);
  } catch {
    // The backend will say what is wrong with it.
    return mostImages;
  }
}

function lengthOf(input: unknown): number {
  const { datatype, shape } = (input ?? {}) as { readonly datatype?: unknown; readonly shape?: unknown };
  return datatype === "BYTES" && Array.isArray(shape) && shape.length === 1 ? countOf(shape[0]) : 1;
}

function countOf(length: unknown): number {
  return typeof length === "number" && Number.isInteger(length) && length > 1 ? Math.min(length, 1_000) : 1;
}

/** What may stand before the inputs, and of the first input before its data: in that order every client writes it. */
const opening = /^\s*\{\s*(?:"(?:id|model_name)"\s*:\s*"[^"\\]{0,200}"\s*,\s*){0,2}"inputs"\s*:\s*\[\s*\{/;
const shapeFirst = /"shape"\s*:\s*\[\s*(\d{1,9})\s*(,[\d\s,]{0,100})?\]/;
const datatypeFirst = /"datatype"\s*:\s*"([A-Z0-9]{1,8})"/;

/** Of a long JSON request only the beginning is looked at, up to its first data. */
function countAtBeginning(text: string): number {
  const opened = opening.exec(text);
  if (!opened) return mostImages;
  const rest = text.slice(opened[0].length);
  const dataAt = rest.indexOf('"data"');
  const before = dataAt < 0 ? rest : rest.slice(0, dataAt);
  const [shape, datatype] = [shapeFirst.exec(before), datatypeFirst.exec(before)];
  const isPlain = before.split('"shape"').length === 2 && before.split('"datatype"').length === 2;
  if (!shape || !datatype || !isPlain) return mostImages;
  return datatype[1] === "BYTES" && shape[2] === undefined ? countOf(Number(shape[1])) : 1;
}
