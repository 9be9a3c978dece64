import type { Datatype, Tensor } from "#inference/contract.ts";

/** The data of every type but BYTES. */
export type Numbers = Exclude<Tensor["data"], readonly Uint8Array[]>;

export type DatatypeFacts = {
  /** Of one element; 0 where each has its own length. */
  readonly bytes: number;
  /** Undefined for BYTES alone. */
  readonly array: (new (memory: ArrayBuffer) => Numbers) | undefined;
  /** What a model configuration calls it. */
  readonly configType: string;
};

export const datatypes: Readonly<Record<Datatype, DatatypeFacts>> = {
  BOOL: { bytes: 1, array: Uint8Array, configType: "TYPE_BOOL" },
  UINT8: { bytes: 1, array: Uint8Array, configType: "TYPE_UINT8" },
  UINT16: { bytes: 2, array: Uint16Array, configType: "TYPE_UINT16" },
  UINT32: { bytes: 4, array: Uint32Array, configType: "TYPE_UINT32" },
  UINT64: { bytes: 8, array: BigUint64Array, configType: "TYPE_UINT64" },
  INT8: { bytes: 1, array: Int8Array, configType: "TYPE_INT8" },
  INT16: { bytes: 2, array: Int16Array, configType: "TYPE_INT16" },
  INT32: { bytes: 4, array: Int32Array, configType: "TYPE_INT32" },
  INT64: { bytes: 8, array: BigInt64Array, configType: "TYPE_INT64" },
  FP16: { bytes: 2, array: Uint16Array, configType: "TYPE_FP16" },
  BF16: { bytes: 2, array: Uint16Array, configType: "TYPE_BF16" },
  FP32: { bytes: 4, array: Float32Array, configType: "TYPE_FP32" },
  FP64: { bytes: 8, array: Float64Array, configType: "TYPE_FP64" },
  BYTES: { bytes: 0, array: undefined, configType: "TYPE_STRING" },
};

export function isDatatype(text: unknown): text is Datatype {
  return typeof text === "string" && Object.hasOwn(datatypes, text);
}

/** Types whose numbers JSON has no agreed form for. */
export function isBinaryOnly(datatype: Datatype): boolean {
  return datatype === "FP16" || datatype === "BF16";
}

/** Elements of a shape without free dimensions; beyond 2^53 it is only right in being too large. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

/** A tensor over memory of its own, of exactly the right size. */
export function tensorOver(
  datatype: Exclude<Datatype, "BYTES">,
  shape: readonly number[],
  memory: ArrayBuffer,
): Tensor {
  const { array: Numbers } = datatypes[datatype];
  if (!Numbers) throw new TypeError(`${datatype} has no numbers`);
  return { datatype, shape, data: new Numbers(memory) } as Tensor;
}

/** How a shape reads in a message. */
export function showShape(shape: readonly number[]): string {
  const [shown, rest] = [shape.slice(0, 16), shape.length > 16 ? ",..." : ""];
  return `[${shown.join(",")}${rest}]`;
}
