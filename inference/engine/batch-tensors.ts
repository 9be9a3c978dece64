import type { Tensor, Tensors } from "#inference/contract.ts";

/** The memory of the last joined run, by input: batches come in few sizes, and fresh memory costs more than the joining. */
export type Scratch = Map<string, Tensor>;

/** Several runs' tensors as one run's, joined along the first dimension; all have the same names and inner shapes. */
export function joinRuns(runs: readonly Tensors[], scratch: Scratch): Tensors {
  const [first] = runs;
  if (!first || runs.length === 1) return first ?? {};
  const joined = Object.keys(first).map((name): [string, Tensor] => {
    const tensor = joinTensors(
      runs.map((run) => run[name]),
      scratch.get(name),
    );
    scratch.set(name, tensor);
    return [name, tensor];
  });
  return Object.fromEntries(joined);
}

/** The answer of a joined run, parted again: so many rows of the first dimension to each. Throws where an output has others. */
export function splitRuns(answer: Tensors, rows: readonly number[]): Tensors[] {
  if (rows.length === 1) return [answer];
  const total = rows.reduce((sum, count) => sum + count, 0);
  for (const [name, { shape }] of Object.entries(answer)) {
    if (shape[0] !== total) throw new RangeError(`output '${name}' has ${shape[0]} rows for ${total} items`);
  }
  let from = 0;
  return rows.map((count) => {
    const part = Object.entries(answer).map(([name, tensor]) => [name, sliceRows(tensor, from, count)]);
    from += count;
    return Object.fromEntries(part);
  });
}

/** How many items a run's tensors hold: their common first dimension, where they have one. */
export function rowsOf(tensors: Tensors): number {
  const [first] = Object.values(tensors);
  return first?.shape[0] ?? 1;
}

/** What runs must share to be computed together: names, types and all dimensions but the first. */
export function batchKeyOf(tensors: Tensors): string {
  const parts = Object.entries(tensors).map(
    ([name, { datatype, shape }]) => `${name}:${datatype}:${shape.slice(1)}`,
  );
  return parts.sort().join(";");
}

function joinTensors(tensors: readonly (Tensor | undefined)[], spare: Tensor | undefined): Tensor {
  const present = tensors.filter((tensor) => tensor !== undefined);
  const [first] = present;
  if (!first || present.length !== tensors.length)
    throw new RangeError("runs of a batch have different inputs");
  const rows = present.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const shape = [rows, ...first.shape.slice(1)];
  if (first.datatype === "BYTES") {
    return { datatype: "BYTES", shape, data: present.flatMap(({ data }) => data as readonly Uint8Array[]) };
  }
  const old = spare?.datatype === first.datatype ? (spare.data as Numbers) : undefined;
  const data = joinNumbers(
    present.map((tensor) => tensor.data as Numbers),
    first.data,
    old,
  );
  return { ...first, shape, data } as Tensor;
}

type Numbers = Exclude<Tensor["data"], readonly Uint8Array[]>;

function joinNumbers(parts: readonly Numbers[], first: Numbers, spare: Numbers | undefined): Numbers {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const joined =
    spare?.length === length ? spare : new (first.constructor as new (length: number) => Numbers)(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part as never, at);
    at += part.length;
  }
  return joined;
}

/** A view: the parts of one answer cross to the other thread in one memory. */
function sliceRows(tensor: Tensor, from: number, count: number): Tensor {
  const [, ...inner] = tensor.shape;
  const width = inner.reduce((product, size) => product * size, 1);
  const [start, end] = [from * width, (from + count) * width];
  const data = tensor.datatype === "BYTES" ? tensor.data.slice(start, end) : tensor.data.subarray(start, end);
  return { ...tensor, shape: [count, ...inner], data } as Tensor;
}
