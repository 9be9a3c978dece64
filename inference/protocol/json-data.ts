import type { Datatype, Tensor } from "#inference/contract.ts";
import { datatypes, elementCount, isBinaryOnly, showShape, tensorOver } from "./datatypes.ts";
import { fillFromBlocks } from "./json-blocks.ts";
import { elementReaders } from "./json-elements.ts";
import { endOfString } from "./json-head.ts";
import { type Cursor, walkList } from "./json-numbers.ts";
import { quote, type Side } from "./side.ts";

export type TensorHead = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
};

/** Reads the JSON list of a tensor, flat or nested row by row, into memory of the tensor's own. */
export function readJsonData(text: Buffer, head: TensorHead, side: Side): Tensor {
  const { name, datatype, shape } = head;
  if (isBinaryOnly(datatype)) {
    const message = `receiving ${datatype} data via JSON is not supported. Please use the binary data format`;
    throw side.refuse(`${message} for ${side.noun} ${quote(name)}`);
  }
  const count = elementCount(shape);
  // An element takes at least a digit and a comma, so what cannot fit is refused before memory is taken for it.
  if (count > text.byteLength / 2) throw wrongCount(head, side);
  if (datatype === "BYTES") return { datatype, shape, data: readTexts(text, count, head, side) };
  const tensor = tensorOver(datatype, shape, new ArrayBuffer(count * datatypes[datatype].bytes));
  const { read, fits } = elementReaders[datatype];
  if (fits && fillFromBlocks(text, tensor.data as Uint8Array, fits)) return tensor;
  const data = tensor.data as { [index: number]: number | bigint };
  fill(text, count, { head, side }, (cursor, index) => {
    const value = read(cursor);
    if (value === undefined) throw unreadable(text, cursor, index, { head, side });
    data[index] = value;
  });
  return tensor;
}

type Target = { readonly head: TensorHead; readonly side: Side };

function fill(
  text: Buffer,
  count: number,
  { head, side }: Target,
  read: (cursor: Cursor, index: number) => void,
): void {
  const cursor: Cursor = { text, at: 0 };
  let index = 0;
  const isList = walkList(cursor, () => {
    if (index === count) throw wrongCount(head, side);
    read(cursor, index);
    index += 1;
  });
  if (!isList)
    throw side.refuse(`Unable to parse 'data' of ${side.noun} ${quote(head.name)}: it is not JSON`);
  if (index !== count) throw wrongCount(head, side);
}

function wrongCount({ name, shape }: TensorHead, { noun, refuse }: Side): Error {
  const told = `its shape ${showShape(shape)} does not match the true shape of the 'data' field`;
  return refuse(`Unable to parse 'data' of ${noun} ${quote(name)}: ${told}`);
}

function unreadable(text: Buffer, { at }: Cursor, index: number, { head, side }: Target): Error {
  const [token = ""] = /^[^\s,\]]*/.exec(text.toString("utf8", at, at + 40)) ?? [];
  const wanted = head.datatype === "BYTES" ? "a text" : elementReaders[head.datatype].expected;
  const where = `element ${index} of ${side.noun} ${quote(head.name)}`;
  return side.refuse(`Unable to parse 'data': ${where} is ${token}, expected ${wanted}`);
}

/** Texts without escapes stay where they lie. */
function readTexts(text: Buffer, count: number, head: TensorHead, side: Side): Uint8Array[] {
  const texts: Uint8Array[] = [];
  fill(text, count, { head, side }, (cursor, index) => {
    const { at } = cursor;
    const end = text[at] === quoteMark ? endOfString(text, at) : at;
    const bytes = end - at < 2 ? undefined : contentOf(text.subarray(at, end));
    if (!bytes) throw unreadable(text, cursor, index, { head, side });
    texts.push(bytes);
    cursor.at = end;
  });
  return texts;
}

const [quoteMark, backslash, firstPrintable] = [0x22, 0x5c, 0x20];

function contentOf(quoted: Buffer): Uint8Array | undefined {
  const content = quoted.subarray(1, -1);
  if (quoted.at(-1) !== quoteMark || hasControls(content)) return undefined;
  if (!content.includes(backslash)) return content;
  try {
    return Buffer.from(String(JSON.parse(quoted.toString("utf8"))));
  } catch {
    return undefined;
  }
}

function hasControls(content: Uint8Array): boolean {
  for (let at = 0; at < content.byteLength; at += 1) {
    if ((content[at] ?? firstPrintable) < firstPrintable) return true;
  }
  return false;
}
