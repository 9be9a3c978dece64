import { isUtf8 } from "node:buffer";
import type { Side } from "./side.ts";

/** The JSON part of a message: the arrays of its tensors are cut out, and `data` of each tensor is an index into them. */
export type JsonHead = {
  readonly value: Readonly<Record<string, unknown>>;
  /** Text of JSON arrays, not looked into yet. */
  readonly data: readonly Buffer[];
};

/**
 * Reads everything but the numbers of tensors: those are read straight into typed memory once their shape is known,
 * since as values of JavaScript they would take many times the room, and 64-bit ones would lose digits.
 */
export function readJsonHead(json: Buffer, side: Side): JsonHead {
  if (json.byteLength > side.maxTensorBytes) {
    const most = `the maximum allowed input size of ${side.maxTensorBytes} bytes`;
    throw side.refuse(`${side.message} JSON size of ${json.byteLength} bytes exceeds ${most}`);
  }
  if (!isUtf8(json)) throw notJson("not UTF-8", side);
  const { head, data } = cutData(json, side);
  const value = parse(head, side);
  if (isObject(value)) return { value, data };
  throw notJson("not an object", side);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notJson(what: string, { message, refuse }: Side, cause?: unknown): Error {
  const hint = "; the bytes of a tensor alone need the header Inference-Header-Content-Length: 0";
  return refuse(`the JSON part is ${what}${message === "request" ? hint : ""}`, cause);
}

/** What remains without the tensors' arrays describes a few tensors. */
const maxHeadBytes = 1_048_576;

function parse(head: Buffer, side: Side): unknown {
  if (head.byteLength > maxHeadBytes) {
    const most = `at most ${maxHeadBytes}`;
    throw side.refuse(`the JSON part has ${head.byteLength} bytes beside its tensors' data, ${most}`);
  }
  try {
    return JSON.parse(head.toString("utf8"));
  } catch (error) {
    throw notJson("not JSON", side, error);
  }
}

/** Deeper is no tensor, and a reader that calls itself would fall over it. */
const maxDepth = 100;

const [quoteMark, colon, backslash] = [0x22, 0x3a, 0x5c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** A member of an object in a list of the message is at this depth: the message's object, its list, the object. */
const tensorDepth = 3;

/** One walk over the bytes, which also bounds the nesting before anything is parsed. */
function cutData(json: Buffer, side: Side): { head: Buffer; data: Buffer[] } {
  const kept: Buffer[] = [];
  const data: Buffer[] = [];
  let [at, depth, from] = [0, 0, 0];
  while (at < json.byteLength) {
    const byte = json[at];
    if (byte === quoteMark) {
      const end = endOfString(json, at);
      const start = depth === tensorDepth ? startOfData(json, at, end, side) : undefined;
      if (start !== undefined) {
        kept.push(json.subarray(from, start), Buffer.from(`${data.length}`));
        from = endOfList(json, start, depth, side);
        data.push(json.subarray(start, from));
      }
      at = start === undefined ? end : from;
    } else {
      depth = depthAfter(byte, depth, side);
      at += 1;
    }
  }
  if (data.length === 0) return { head: json, data };
  return { head: Buffer.concat([...kept, json.subarray(from)]), data };
}

function depthAfter(byte: number | undefined, depth: number, side: Side): number {
  if (byte === closeList || byte === closeObject) return depth - 1;
  if (byte !== openList && byte !== openObject) return depth;
  if (depth < maxDepth) return depth + 1;
  throw side.refuse(`JSON nesting depth exceeds maximum allowed limit (${maxDepth})`);
}

/** The index behind the closing quote, or the end of everything where there is none. */
export function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.byteLength && json[at] !== quoteMark) at += json[at] === backslash ? 2 : 1;
  return Math.min(at + 1, json.byteLength);
}

/** Where the list begins that the key `data` names; undefined when this is another text, or names null. */
function startOfData(json: Buffer, start: number, end: number, side: Side): number | undefined {
  if (!isDataKey(json, start, end)) return undefined;
  const at = skipSpace(json, end);
  if (json[at] !== colon) return undefined;
  const value = skipSpace(json, at + 1);
  if (json[value] === openList) return value;
  if (json.toString("latin1", value, value + 4) === "null") return undefined;
  throw side.refuse("Unable to parse 'data': expected a list");
}

/** A key may be written with escapes. */
function isDataKey(json: Buffer, start: number, end: number): boolean {
  if (end - start === 6) return json.toString("latin1", start + 1, end - 1) === "data";
  if (end - start > 32 || json[end - 1] !== quoteMark) return false;
  const text = json.toString("latin1", start, end);
  return text.includes("\\") && /^"(d|\\u0064)(a|\\u0061)(t|\\u0074)(a|\\u0061)"$/.test(text);
}

function endOfList(json: Buffer, start: number, outer: number, side: Side): number {
  let [at, depth] = [start, outer];
  do {
    const byte = json[at];
    depth = depthAfter(byte, depth, side);
    at = byte === quoteMark ? endOfString(json, at) : at + 1;
  } while (depth > outer && at < json.byteLength);
  if (depth > outer) throw notJson("not JSON: it ends inside a list", side);
  return at;
}

export function skipSpace(json: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(json[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
