import type { Parameters, TensorSpec, Tensors } from "#inference/contract.ts";
import type { Engine } from "#inference/engine/engine.ts";
import type { Face } from "#inference/face.ts";

/** Under this name, with the model's own before it, a model that reads images is served as tensors. */
export const tensorSuffix = "-tensor";

export type TensorFaceOptions = {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly maxBatchSize: number;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly parameters: Parameters;
  readonly engine: Engine;
};

/** The model as its graph has it: tensors in, tensors out. */
export function tensorFace({ engine, ...described }: TensorFaceOptions): Face {
  return {
    ...described,
    get ready() {
      return engine.ready;
    },
    infer: async ({ inputs, outputs: wanted, priority, timeoutMs, signal }) => {
      const items = itemsOf(inputs, described.maxBatchSize);
      const patience = timeoutMs === undefined ? {} : { timeoutMs };
      const answer = await engine.run(inputs, { signal, priority, ...patience });
      const { queueMs, inferenceMs: inferMs, batch } = answer;
      return {
        outputs: wanted ? pick(answer.outputs, wanted) : answer.outputs,
        parameters: {},
        cost: { items, queueMs, inputMs: 0, inferMs, outputMs: 0, batch: Math.max(batch, items) },
      };
    },
  };
}

/** Where a model does not batch, its whole input is one item. */
function itemsOf(inputs: Tensors, maxBatchSize: number): number {
  const [first] = Object.values(inputs);
  return maxBatchSize > 0 ? (first?.shape[0] ?? 1) : 1;
}

function pick(outputs: Tensors, wanted: readonly string[]): Tensors {
  return Object.fromEntries(
    wanted.flatMap((name) => {
      const tensor = outputs[name];
      return tensor ? [[name, tensor]] : [];
    }),
  );
}
