import { invalidAnswer } from "./open-inference-errors.ts";

/** The outputs by name, and an empty one for each that is not there. */
export type Columns = {
  readonly boxes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  readonly sizes: ArrayLike<number>;
  readonly keypoints: ArrayLike<number>;
  readonly corners: ArrayLike<number>;
  readonly masks: readonly string[];
  /** How many keypoints a thing has, by the shape of that output. */
  readonly points: number | undefined;
};

export type AnswerColumns = {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly columns: Columns;
};

/**
 * Takes an answer apart: JSON of the length that its header says and tensors behind it, or JSON alone, for not every
 * server heeds that we asked for binary. With 300 boxes that is a tenth of the time, and never much more.
 */
export function readColumns(body: Buffer, headLength: string | readonly string[] | undefined): AnswerColumns {
  const jsonBytes = headLength === undefined ? body.byteLength : readLength(headLength, body.byteLength);
  const { parameters, outputs } = readJson(body.toString("utf8", 0, jsonBytes));
  if (!isObject(parameters) || !Array.isArray(outputs) || outputs.length > mostOutputs)
    throw invalidAnswer("no detections that we understand");
  return { parameters, columns: readOutputs(outputs, body, jsonBytes) };
}

const mostOutputs = 16;

type Mutable = { -readonly [Name in keyof Columns]: Columns[Name] };
type Kind = "floats" | "integers" | "texts";
type OutputName = Exclude<keyof Columns, "points">;

const kinds: Readonly<Record<OutputName, Kind>> = {
  boxes: "floats",
  scores: "floats",
  classes: "integers",
  counts: "integers",
  sizes: "integers",
  keypoints: "floats",
  corners: "floats",
  masks: "texts",
};

/** As the protocol calls what each kind is, when it comes as bytes. */
const datatypes: Readonly<Record<Kind, string>> = { floats: "FP32", integers: "INT32", texts: "BYTES" };

const none: readonly number[] = [];

function readOutputs(outputs: readonly unknown[], body: Buffer, start: number): Columns {
  const columns: Mutable = {
    boxes: none,
    scores: none,
    classes: none,
    counts: none,
    sizes: none,
    keypoints: none,
    corners: none,
    masks: [],
    points: undefined,
  };
  let at = start;
  for (const output of outputs) {
    if (!isObject(output) || typeof output.name !== "string") throw invalidAnswer("an output without a name");
    const size = binarySize(output, body.byteLength - at);
    if (isKnown(output.name)) readOutput(columns, output.name, output, body.subarray(at, at + (size ?? 0)));
    else if (size === undefined && !Array.isArray(output.data)) throw invalidAnswer("an output without data");
    at += size ?? 0;
  }
  if (at !== body.byteLength) throw invalidAnswer(`${body.byteLength - at} bytes that belong to no output`);
  return columns;
}

/** The bytes of an output that it says lie behind the JSON, or undefined where its data is in the JSON. */
function binarySize(
  { parameters, data }: Readonly<Record<string, unknown>>,
  left: number,
): number | undefined {
  const size = isObject(parameters) ? parameters.binary_data_size : undefined;
  if (size === undefined) return undefined;
  if (typeof size === "number" && Number.isInteger(size) && size >= 0 && size <= left && data === undefined)
    return size;
  throw invalidAnswer("an output whose bytes are not there");
}

function isKnown(name: string): name is OutputName {
  return Object.hasOwn(kinds, name);
}

function readOutput(
  columns: Mutable,
  name: OutputName,
  { data, datatype, shape }: Readonly<Record<string, unknown>>,
  bytes: Buffer,
): void {
  const kind = kinds[name];
  if (name === "keypoints") columns.points = pointsOf(shape);
  if (data === undefined && datatype !== datatypes[kind]) throw invalidAnswer(`${name} that are no ${kind}`);
  if (name === "masks") columns.masks = data === undefined ? readTexts(bytes) : textsIn(data);
  else columns[name] = data === undefined ? readNumbers(kind, bytes) : numbersIn(data);
}

function pointsOf(shape: unknown): number | undefined {
  const points: unknown = Array.isArray(shape) ? shape[2] : undefined;
  return typeof points === "number" ? points : undefined;
}

function readNumbers(kind: Kind, bytes: Buffer): ArrayLike<number> {
  if (bytes.byteLength % 4 !== 0) throw invalidAnswer("an output that ends inside a number");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Array<number>(bytes.byteLength / 4);
  for (let place = 0; place < numbers.length; place += 1) {
    numbers[place] = kind === "floats" ? view.getFloat32(4 * place, true) : view.getInt32(4 * place, true);
  }
  return numbers;
}

function readTexts(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = at + 4 <= bytes.byteLength ? bytes.readUInt32LE(at) : bytes.byteLength;
    const end = at + 4 + length;
    if (end > bytes.byteLength) throw invalidAnswer("an output that ends inside a text");
    texts.push(bytes.toString("latin1", at + 4, end));
    at = end;
  }
  return texts;
}

function numbersIn(data: unknown): readonly number[] {
  if (Array.isArray(data) && data.every((value) => typeof value === "number")) return data;
  throw invalidAnswer("an output that is no list of numbers");
}

function textsIn(data: unknown): readonly string[] {
  if (Array.isArray(data) && data.every((value) => typeof value === "string")) return data;
  throw invalidAnswer("an output that is no list of texts");
}

function readLength(header: string | readonly string[], most: number): number {
  const length = typeof header === "string" && /^\d{1,10}$/.test(header) ? Number(header) : Number.NaN;
  if (length <= most) return length;
  throw invalidAnswer("a head of no length that we understand");
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  const value = parse(text);
  if (isObject(value)) return value;
  throw invalidAnswer("no detections that we understand");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidAnswer("no JSON", cause);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
