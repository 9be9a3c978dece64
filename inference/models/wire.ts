/** One field of a protobuf message; of a length-delimited one, its bytes as a view. */
export type Field =
  | { readonly number: number; readonly kind: "varint"; readonly value: bigint }
  | { readonly number: number; readonly kind: "bytes"; readonly value: Uint8Array }
  | { readonly number: number; readonly kind: "fixed"; readonly value: Uint8Array };

/** The fields of one message as they lie; throws a `RangeError` where the bytes are no protobuf. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < bytes.byteLength) {
    const tag = readVarint(bytes, at);
    const number = Number(tag.value >> 3n);
    if (number < 1 || number > 0x1f_ff_ff_ff) throw new RangeError(`field number ${number}`);
    const read = readValue(bytes, tag.next, number, Number(tag.value & 7n));
    at = read.next;
    yield read.field;
  }
}

function readValue(bytes: Uint8Array, at: number, number: number, wireType: number) {
  if (wireType === 0) {
    const { value, next } = readVarint(bytes, at);
    return { field: { number, kind: "varint", value } satisfies Field, next };
  }
  if (wireType === 2) {
    const length = readVarint(bytes, at);
    const { value, next } = take(bytes, length.next, Number(length.value));
    return { field: { number, kind: "bytes", value } satisfies Field, next };
  }
  if (wireType !== 1 && wireType !== 5) throw new RangeError(`wire type ${wireType}`);
  const { value, next } = take(bytes, at, wireType === 1 ? 8 : 4);
  return { field: { number, kind: "fixed", value } satisfies Field, next };
}

function take(bytes: Uint8Array, at: number, length: number) {
  const next = at + length;
  if (next > bytes.byteLength) throw new RangeError(`${length} bytes wanted, ${bytes.byteLength - at} left`);
  return { value: bytes.subarray(at, next), next };
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
