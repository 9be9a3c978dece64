/**
 * One field of a protobuf message. One that was read holds its own bytes, so that it is written as it came, whatever it
 * means; one that was made holds what was made.
 */
export type Part = {
  readonly number: number;
  /** Tag, length and content in turn; a large content is a view of where it lies. */
  readonly chunks: Chunks;
  /** What a length-delimited field holds; undefined of any other. */
  readonly body: Uint8Array | undefined;
  /** What a number field holds; undefined of any other. */
  readonly value: bigint | undefined;
};

export type Chunks = readonly Uint8Array[];

/** More fields than any message of a model that we could serve. */
const mostParts = 1_000_000;

/** The fields of one message as they lie; throws a `RangeError` where the bytes are no protobuf. */
export function readParts(bytes: Uint8Array): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    if (parts.length === mostParts) throw new RangeError(`more than ${mostParts} parts`);
    const { part, next } = readPart(bytes, at);
    parts.push(part);
    at = next;
  }
  return parts;
}

/** A length-delimited field; its content is referred to and not copied. */
export function bytesPart(number: number, body: Chunks): Part {
  const head = Uint8Array.from([...varint(number * 8 + 2), ...varint(sizeOf(body))]);
  return { number, chunks: [head, ...body], body: undefined, value: undefined };
}

export function messagePart(number: number, parts: readonly Part[]): Part {
  return bytesPart(number, chunksOf(parts));
}

export function textPart(number: number, text: string): Part {
  return bytesPart(number, [new TextEncoder().encode(text)]);
}

export function numberPart(number: number, value: number): Part {
  const chunk = Uint8Array.from([...varint(number * 8), ...varint(value)]);
  return { number, chunks: [chunk], body: undefined, value: BigInt(value) };
}

export function chunksOf(parts: readonly Part[]): Uint8Array[] {
  return parts.flatMap(({ chunks }) => chunks);
}

export function sizeOf(chunks: Chunks): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The bodies of all length-delimited fields of a number. */
export function bodiesOf(parts: readonly Part[], number: number): Uint8Array[] {
  return parts.flatMap((part) => (part.number === number && part.body !== undefined ? [part.body] : []));
}

const mostTextBytes = 1_048_576;

/** A text field, or "" where there is none. */
export function textOf(parts: readonly Part[], number: number): string {
  const [body] = bodiesOf(parts, number);
  return body === undefined ? "" : decodeText(body);
}

export function decodeText(body: Uint8Array): string {
  if (body.byteLength > mostTextBytes) throw new RangeError(`a text of ${body.byteLength} bytes`);
  return new TextDecoder().decode(body);
}

/** A number field as a signed number, or undefined where there is none. */
export function numberOf(parts: readonly Part[], number: number): number | undefined {
  const value = parts.find((part) => part.number === number && part.value !== undefined)?.value;
  return value === undefined ? undefined : Number(BigInt.asIntN(64, value));
}

/** A repeated number field, written one by one or packed. */
export function numbersOf(parts: readonly Part[], number: number): number[] {
  const values = parts.flatMap((part) => {
    if (part.number !== number) return [];
    return part.value === undefined ? unpack(part.body ?? new Uint8Array(0)) : [part.value];
  });
  return values.map((value) => Number(BigInt.asIntN(64, value)));
}

function unpack(body: Uint8Array): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < body.byteLength; ) {
    const { value, next } = readVarint(body, at);
    values.push(value);
    at = next;
  }
  return values;
}

function readPart(bytes: Uint8Array, from: number): { readonly part: Part; readonly next: number } {
  const tag = readVarint(bytes, from);
  const number = Number(tag.value >> 3n);
  if (number < 1 || number > 0x1f_ff_ff_ff) throw new RangeError(`field number ${number}`);
  const { next, body, value } = readContent(bytes, tag.next, Number(tag.value & 7n));
  return { part: { number, chunks: [bytes.subarray(from, next)], body, value }, next };
}

type Content = Pick<Part, "body" | "value"> & { readonly next: number };

function readContent(bytes: Uint8Array, at: number, wireType: number): Content {
  if (wireType === 0) return { ...readVarint(bytes, at), body: undefined };
  if (wireType === 2) {
    const length = readVarint(bytes, at);
    const next = end(bytes, length.next, Number(length.value));
    return { next, body: bytes.subarray(length.next, next), value: undefined };
  }
  if (wireType !== 1 && wireType !== 5) throw new RangeError(`wire type ${wireType}`);
  return { next: end(bytes, at, wireType === 1 ? 8 : 4), body: undefined, value: undefined };
}

function end(bytes: Uint8Array, at: number, length: number): number {
  const next = at + length;
  if (next <= bytes.byteLength) return next;
  throw new RangeError(`${length} bytes wanted, ${bytes.byteLength - at} left`);
}

function readVarint(bytes: Uint8Array, from: number): { readonly value: bigint; readonly next: number } {
  let value = 0n;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[from + index];
    if (byte === undefined) throw new RangeError("the end inside a number");
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: from + index + 1 };
  }
  throw new RangeError("a number of more than ten bytes");
}

function varint(value: number): number[] {
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    groups.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return groups;
}
