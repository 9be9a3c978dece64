import type { GraphFile } from "../onnx/graph-file.ts";
import type { OnnxNode } from "../onnx/node.ts";

/** Who makes each tensor, and who takes it. */
export type Wiring = {
  readonly makerOf: ReadonlyMap<string, OnnxNode>;
  readonly takersOf: ReadonlyMap<string, readonly OnnxNode[]>;
  readonly isOutput: (tensor: string) => boolean;
};

export function wiringOf({ nodes, outputs }: GraphFile): Wiring {
  const makerOf = new Map<string, OnnxNode>();
  const takersOf = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const output of node.outputs) if (output !== "") makerOf.set(output, node);
    for (const input of new Set(node.inputs)) {
      const takers = takersOf.get(input);
      if (takers) takers.push(node);
      else takersOf.set(input, [node]);
    }
  }
  const ends = new Set(outputs);
  return { makerOf, takersOf, isOutput: (tensor) => ends.has(tensor) };
}

/** All operations whose result reaches one of these, themselves included. */
export function upstreamOf(starts: Iterable<OnnxNode>, { makerOf }: Wiring): ReadonlySet<OnnxNode> {
  const found = new Set(starts);
  for (const node of found) {
    for (const input of node.inputs) {
      const maker = makerOf.get(input);
      if (maker !== undefined) found.add(maker);
    }
  }
  return found;
}
