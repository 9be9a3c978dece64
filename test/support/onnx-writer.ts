/** Just enough of ONNX to write small models for tests. */
export type WrittenTensor = {
  readonly name: string;
  /** The ONNX element type; 1 is float32, 7 int64, 10 float16. */
  readonly type?: number;
  readonly dims: readonly (number | string)[];
};

export type WrittenNode = {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, readonly number[]>>;
  readonly int?: Readonly<Record<string, number>>;
  readonly float?: Readonly<Record<string, number>>;
  readonly string?: Readonly<Record<string, string>>;
};

export type WrittenWeight = {
  readonly name: string;
  readonly dims: readonly number[];
  /** Numbers become float32; a typed array is written as what it is. */
  readonly data: readonly number[] | Float32Array | BigInt64Array;
};

export type WrittenModel = {
  readonly inputs: readonly WrittenTensor[];
  readonly outputs: readonly WrittenTensor[];
  readonly nodes: readonly WrittenNode[];
  readonly weights?: readonly WrittenWeight[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly opset?: number;
};

export function writeOnnx({
  inputs,
  outputs,
  nodes,
  weights = [],
  metadata = {},
  opset = 13,
}: WrittenModel): Buffer {
  const graph = [
    ...nodes.map((node) => bytes(1, writeNode(node))),
    text(2, "graph"),
    ...weights.map((weight) => bytes(5, writeWeight(weight))),
    ...inputs.map((input) => bytes(11, writeTensorInfo(input))),
    ...outputs.map((output) => bytes(12, writeTensorInfo(output))),
  ];
  return Buffer.concat([
    varint(1, 8),
    bytes(7, graph),
    bytes(8, [text(1, ""), varint(2, opset)]),
    ...Object.entries(metadata).map(([key, value]) => bytes(14, [text(1, key), text(2, value)])),
  ]);
}

function writeNode(node: WrittenNode): Buffer[] {
  const { op, inputs, outputs, ints = {}, int = {}, float = {}, string = {} } = node;
  return [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(int).map(([name, value]) => bytes(5, [text(1, name), varint(3, value), varint(20, 2)])),
    ...Object.entries(ints).map(([name, values]) =>
      bytes(5, [text(1, name), ...values.map((value) => varint(8, value)), varint(20, 7)]),
    ),
    ...Object.entries(float).map(([name, value]) =>
      bytes(5, [text(1, name), float32(2, value), varint(20, 1)]),
    ),
    ...Object.entries(string).map(([name, value]) =>
      bytes(5, [text(1, name), text(4, value), varint(20, 3)]),
    ),
  ];
}

function writeWeight({ name, dims, data }: WrittenWeight): Buffer[] {
  const values = ArrayBuffer.isView(data) ? data : Float32Array.from(data);
  const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const type = values instanceof BigInt64Array ? 7 : 1;
  return [...dims.map((dim) => varint(1, dim)), varint(2, type), text(8, name), bytes(9, [raw])];
}

function writeTensorInfo({ name, type = 1, dims }: WrittenTensor): Buffer[] {
  const shape = dims.map((dim) => bytes(1, [typeof dim === "number" ? varint(1, dim) : text(2, dim)]));
  return [text(1, name), bytes(2, [bytes(1, [varint(1, type), bytes(2, shape)])])];
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([number(field * 8), number(value)]);
}

function float32(field: number, value: number): Buffer {
  const fixed = Buffer.alloc(4);
  fixed.writeFloatLE(value);
  return Buffer.concat([number(field * 8 + 5), fixed]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, [Buffer.from(value)]);
}

function bytes(field: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([number(field * 8 + 2), number(body.byteLength), body]);
}

function number(value: number): Buffer {
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    groups.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(groups);
}
