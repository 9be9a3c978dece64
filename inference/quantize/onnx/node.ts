import {
  bodiesOf,
  decodeText,
  messagePart,
  numberOf,
  numberPart,
  numbersOf,
  type Part,
  readParts,
  textOf,
  textPart,
} from "./parts.ts";
import { type ConstantTensor, readTensor } from "./tensor.ts";

/** One operation of a graph. An input that is left out is "". */
export type OnnxNode = {
  readonly op: string;
  /** Another domain's operator of the same name is another operator. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** As it lies in the file, whole and by its fields. */
  readonly field: Part;
  readonly parts: readonly Part[];
};

export function readNode(field: Part): OnnxNode {
  const parts = readParts(field.body ?? new Uint8Array(0));
  const domain = textOf(parts, 7);
  return {
    op: textOf(parts, 4),
    domain: domain === "ai.onnx" ? "" : domain,
    name: textOf(parts, 3),
    inputs: bodiesOf(parts, 1).map(decodeText),
    outputs: bodiesOf(parts, 2).map(decodeText),
    field,
    parts,
  };
}

/** The same operation between other tensors; all else that the file says of it stays as it lies. */
export function reconnect(node: OnnxNode, inputs: readonly string[], outputs: readonly string[]): Part {
  const names = { 1: inputs.values(), 2: outputs.values() };
  const parts = node.parts.map((part) => {
    if ((part.number !== 1 && part.number !== 2) || part.body === undefined) return part;
    return textPart(part.number, names[part.number].next().value ?? "");
  });
  return messagePart(1, parts);
}

export type MadeNode = {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number>>;
};

export function nodePart({ op, inputs, outputs, ints = {} }: MadeNode): Part {
  const attributes = Object.entries(ints).map(([name, value]) =>
    messagePart(5, [textPart(1, name), numberPart(3, value), numberPart(20, 2)]),
  );
  return messagePart(1, [
    ...inputs.map((name) => textPart(1, name)),
    ...outputs.map((name) => textPart(2, name)),
    textPart(3, `${outputs[0]}_node`),
    textPart(4, op),
    ...attributes,
  ]);
}

export function intOf(node: OnnxNode, name: string): number | undefined {
  const attribute = attributeOf(node, name);
  return attribute && numberOf(attribute, 3);
}

export function intsOf(node: OnnxNode, name: string): readonly number[] | undefined {
  const attribute = attributeOf(node, name);
  return attribute && numbersOf(attribute, 8);
}

export function wordOf(node: OnnxNode, name: string): string | undefined {
  const attribute = attributeOf(node, name);
  return attribute && textOf(attribute, 4);
}

export function floatOf(node: OnnxNode, name: string): number | undefined {
  const chunk = attributeOf(node, name)?.find(({ number }) => number === 2)?.chunks[0];
  if (chunk === undefined || chunk.byteLength < 5) return undefined;
  return new DataView(chunk.buffer, chunk.byteOffset + chunk.byteLength - 4, 4).getFloat32(0, true);
}

/** What an operation `Constant` holds, where that is a tensor. */
export function constantOf(node: OnnxNode): ConstantTensor | undefined {
  const [body] = bodiesOf(attributeOf(node, "value") ?? [], 5);
  return body && readTensor(body);
}

/** Whether a part of the graph is the operation's own, such as the branches of an `If`: it sees all of the outer names. */
export function holdsGraph({ parts }: OnnxNode): boolean {
  return bodiesOf(parts, 5).some((body) =>
    readParts(body).some(({ number, body: held }) => (number === 6 || number === 11) && held !== undefined),
  );
}

function attributeOf({ parts }: OnnxNode, name: string): readonly Part[] | undefined {
  return bodiesOf(parts, 5)
    .map((body) => readParts(body))
    .find((attribute) => textOf(attribute, 1) === name);
}
