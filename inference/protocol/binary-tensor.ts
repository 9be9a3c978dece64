import type { Tensor } from "#inference/contract.ts";
import { datatypes, elementCount, tensorOver } from "./datatypes.ts";
import type { TensorHead } from "./json-data.ts";
import { quote, type Side } from "./side.ts";

/**
 * A tensor out of its bytes. Numbers are copied once into memory of their own, which may then move to another thread
 * without taking the rest of the message along; elements of BYTES stay where they lie.
 */
export function readBinaryTensor(bytes: Buffer, head: TensorHead, side: Side): Tensor {
  const { datatype, shape } = head;
  const count = elementCount(shape);
  if (datatype === "BYTES") return { datatype, shape, data: readElements(bytes, count, head, side) };
  const wanted = count * datatypes[datatype].bytes;
  if (bytes.byteLength !== wanted) throw wrongSize(head, side, wanted, bytes.byteLength);
  const { buffer, byteOffset } = bytes;
  const memory = buffer.slice(byteOffset, byteOffset + wanted) as ArrayBuffer;
  if (datatype === "BOOL") checkTruths(memory, head, side);
  return tensorOver(datatype, shape, memory);
}

/** One element of BYTES costs about this much beside its content, and takes as little as four bytes of a message. */
const bytesPerElement = 128;
const alwaysAllowed = 1_024;

/** Refuses what would take more memory than allowed, before any is taken. */
export function checkSize({ name, datatype, shape }: TensorHead, side: Side): void {
  const size = elementCount(shape) * (datatypes[datatype].bytes || bytesPerElement);
  const most =
    datatype === "BYTES"
      ? Math.max(side.maxTensorBytes, alwaysAllowed * bytesPerElement)
      : side.maxTensorBytes;
  if (size <= most) return;
  const where = `${side.noun} ${quote(name)}`;
  if (size > Number.MAX_SAFE_INTEGER) {
    throw side.refuse(`shape of ${where} causes total element count to exceed maximum size`);
  }
  throw side.refuse(
    `${where} has a byte_size (${size} bytes) that exceeds the maximum allowed value of ${most} bytes`,
  );
}

export function wrongSize({ name }: TensorHead, side: Side, wanted: number, found: number): Error {
  const where = `${side.noun} ${quote(name)}${side.ofModel}`;
  return side.refuse(`${side.noun} byte size mismatch for ${where}. Expected ${wanted}, got ${found}`);
}

function checkTruths(memory: ArrayBuffer, { name }: TensorHead, side: Side): void {
  const index = new Uint8Array(memory).findIndex((byte) => byte > 1);
  if (index < 0) return;
  throw side.refuse(`element ${index} of ${side.noun} ${quote(name)} is neither 0 nor 1, expected a BOOL`);
}

/** Each element is its length as a little-endian uint32, then its bytes. */
function readElements(bytes: Buffer, count: number, head: TensorHead, side: Side): Uint8Array[] {
  const where = `${side.noun} ${quote(head.name)}${side.ofModel}`;
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    if (elements.length === count) {
      throw side.refuse(`unexpected number of string elements ${count + 1} for ${where}, expecting ${count}`);
    }
    if (at + 4 > bytes.byteLength) {
      const left = bytes.byteLength - at;
      const told = `expecting 4 bytes but only ${left} bytes available`;
      throw side.refuse(`incomplete string length indicator for ${where}, ${told}`);
    }
    const start = at + 4;
    at = start + bytes.readUInt32LE(at);
    if (at > bytes.byteLength) {
      throw side.refuse(
        `element ${elements.length} of ${where} runs ${at - bytes.byteLength} bytes past its tensor`,
      );
    }
    elements.push(bytes.subarray(start, at));
  }
  if (elements.length === count) return elements;
  throw side.refuse(`expected ${count} string elements for ${where}, got ${elements.length}`);
}

/** How many bytes a tensor takes in a message. */
export function binarySize({ datatype, data }: Tensor): number {
  if (datatype !== "BYTES") return data.byteLength;
  return data.reduce((sum, element) => sum + 4 + element.byteLength, 0);
}

/** Writes a tensor's bytes and returns the place behind them. */
export function writeBinary({ datatype, data }: Tensor, target: Buffer, start: number): number {
  if (datatype !== "BYTES") {
    target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
    return start + data.byteLength;
  }
  let at = start;
  for (const element of data) {
    at = target.writeUInt32LE(element.byteLength, at);
    target.set(element, at);
    at += element.byteLength;
  }
  return at;
}

/** The JSON part with the binary tensors behind it. */
export function joinMessage(json: string, tensors: readonly Tensor[]): { body: Buffer; jsonBytes: number } {
  const jsonBytes = Buffer.byteLength(json);
  const body = Buffer.allocUnsafe(tensors.reduce((sum, tensor) => sum + binarySize(tensor), jsonBytes));
  let at = body.write(json);
  for (const tensor of tensors) at = writeBinary(tensor, body, at);
  return { body, jsonBytes };
}
