import {
  bodiesOf,
  bytesPart,
  messagePart,
  numberOf,
  numberPart,
  numbersOf,
  type Part,
  readParts,
  textOf,
  textPart,
} from "./parts.ts";

/** A tensor of constants as the file has it; its numbers are read when they are asked for. */
export type ConstantTensor = {
  readonly name: string;
  readonly dims: readonly number[];
  readonly elementType: number;
  /** Its bytes lie in another file. */
  readonly isElsewhere: boolean;
  readonly parts: readonly Part[];
};

/** ONNX's numbers of the element types that are written here. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;

const mostDims = 16;

export function readTensor(body: Uint8Array): ConstantTensor {
  const parts = readParts(body);
  const dims = numbersOf(parts, 1);
  if (dims.length > mostDims || dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) {
    throw new RangeError("a tensor with impossible dimensions");
  }
  const elementType = numberOf(parts, 2) ?? 0;
  const isElsewhere = numberOf(parts, 14) === 1 || bodiesOf(parts, 13).length > 0;
  return { name: textOf(parts, 8), dims, elementType, isElsewhere, parts };
}

/** The numbers of a float32 tensor, as a view where they lie so that one can be had. */
export function floatsOf({ name, dims, elementType, isElsewhere, parts }: ConstantTensor): Float32Array {
  if (elementType !== elementTypes.float32 || isElsewhere) {
    throw new RangeError(`the tensor '${name.slice(0, 60)}' holds no floats here`);
  }
  const [raw] = bodiesOf(parts, 9);
  const floats = raw ? asFloats(raw) : listedFloats(parts);
  const wanted = dims.reduce((product, dim) => product * dim, 1);
  if (floats.length === wanted) return floats;
  throw new RangeError(`the tensor '${name.slice(0, 60)}' has ${floats.length} numbers, expected ${wanted}`);
}

export type MadeTensor = {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint8Array | Int8Array | Int32Array;
};

/** A tensor as a field of a message: 5 of a graph. Its numbers are referred to and not copied. */
export function tensorPart(number: number, { name, dims, data }: MadeTensor): Part {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const shape = dims.map((dim) => numberPart(1, dim));
  return messagePart(number, [...shape, numberPart(2, typeOf(data)), textPart(8, name), bytesPart(9, [raw])]);
}

function typeOf(data: MadeTensor["data"]): number {
  if (data instanceof Float32Array) return elementTypes.float32;
  if (data instanceof Int32Array) return elementTypes.int32;
  return data instanceof Int8Array ? elementTypes.int8 : elementTypes.uint8;
}

function asFloats(raw: Uint8Array): Float32Array {
  if (raw.byteLength % 4 !== 0) throw new RangeError(`floats of ${raw.byteLength} bytes`);
  const isAligned = raw.byteOffset % 4 === 0;
  const bytes = isAligned ? raw : Uint8Array.from(raw);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Given number by number: each a field of four bytes, or many in one. */
function listedFloats(parts: readonly Part[]): Float32Array {
  const pieces = parts.flatMap((part) => {
    if (part.number !== 4) return [];
    return [part.body ?? part.chunks[0]?.subarray(-4) ?? new Uint8Array(0)];
  });
  return asFloats(Uint8Array.from(Buffer.concat(pieces)));
}
