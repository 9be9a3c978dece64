import type { Tensor, TensorSpec, Tensors } from "#inference/contract.ts";
import type { Engine } from "#inference/engine/engine.ts";
import { datatypes, elementCount, tensorOver } from "#inference/protocol/datatypes.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { WarmUp, WarmUpInput } from "./model-settings.ts";

export type WarmUpRuns = {
  readonly engine: Pick<Engine, "run">;
  readonly inputs: readonly TensorSpec[];
  /** 0: the model takes its inputs as they stand. */
  readonly maxBatchSize: number;
  /** Each session is to have run once. */
  readonly sessions: number;
  readonly warmUps: readonly WarmUp[];
  readonly chance: Chance;
  readonly signal: AbortSignal;
};

/** Runs what a model's owner wrote down, or zeros where the shape of the inputs is known, until every session is warm. */
export async function runWarmUps(options: WarmUpRuns): Promise<void> {
  const { warmUps, inputs } = options;
  const known = isShapeKnown(inputs) ? plain : undefined;
  if (warmUps.length === 0 && known) await runOne(options, known);
  for (const warmUp of warmUps) await runOne(options, warmUp);
}

const plain: WarmUp = { name: "zeros", batchSize: 1, count: 1, inputs: {} };

/** One dimension that is free counts batch items; more of them could be anything. */
function isShapeKnown(inputs: readonly TensorSpec[]): boolean {
  return inputs.every(({ shape }) => shape.slice(1).every((size) => size >= 0));
}

/**
 * Two items in, two rows out: of a model whose rows are what it found, and not whom it was asked by, a batch would give one
 * caller's findings to another. Where nobody tells the inputs' dimensions it is tried with the smallest, and a model that
 * does not take those is believed.
 */
export async function confirmBatches(options: WarmUpRuns): Promise<void> {
  const { engine, signal, maxBatchSize, warmUps, inputs } = options;
  const [like = plain] = warmUps;
  const guessed = warmUps.length === 0 && !isShapeKnown(inputs);
  const two = tensorsOf(options, { ...like, batchSize: 2 });
  const answer = await engine.run(two, { signal }).catch((error: unknown) => {
    if (signal.aborted || !guessed) throw error;
    return { outputs: {} };
  });
  for (const [name, { shape }] of Object.entries<Tensor>(answer.outputs)) {
    if (shape[0] === 2) continue;
    const rows = `output '${name.slice(0, 60)}' has ${shape[0] ?? "no"} rows for 2 items`;
    const hint = "leave max_batch_size out";
    throw new TradewindError("model_unusable", `max_batch_size is ${maxBatchSize}, but ${rows}`, { hint });
  }
}

/** Runs that are under way together take a session each. */
async function runOne(options: WarmUpRuns, warmUp: WarmUp): Promise<void> {
  const { engine, sessions, signal } = options;
  for (let round = 0; round < warmUp.count; round += 1) {
    const runs = Array.from({ length: sessions }, () => engine.run(tensorsOf(options, warmUp), { signal }));
    await Promise.all(runs).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      throw new TradewindError("model_unusable", `the warm-up '${warmUp.name}' failed`, { cause });
    });
  }
}

function tensorsOf(
  { inputs, maxBatchSize, chance }: WarmUpRuns,
  { batchSize, inputs: said }: WarmUp,
): Tensors {
  const tensors = inputs.map((spec) => {
    const input = Object.hasOwn(said, spec.name) ? said[spec.name] : undefined;
    return [spec.name, tensorOf(spec, input, maxBatchSize > 0 ? batchSize : undefined, chance)];
  });
  return Object.fromEntries(tensors);
}

function tensorOf(
  spec: TensorSpec,
  said: WarmUpInput | undefined,
  batchSize: number | undefined,
  chance: Chance,
): Tensor {
  const [first = 1, ...inner] = spec.shape;
  const dims = said?.dims ?? inner.map((size) => Math.max(1, size));
  const shape = spec.shape.length === 0 ? [] : [batchSize ?? Math.max(1, first), ...dims];
  const { datatype } = spec;
  const count = elementCount(shape);
  refuseTooLarge(spec, count);
  if (datatype === "BYTES") {
    return { datatype, shape, data: Array.from({ length: count }, () => new Uint8Array(0)) };
  }
  const tensor = tensorOver(datatype, shape, new ArrayBuffer(count * datatypes[datatype].bytes));
  if (said?.data === "random") fillAtRandom(tensor, chance);
  return tensor;
}

/** More would be a slip of the pen, and its memory is taken at once for each session. */
const mostBytes = 268_435_456;
const bytesPerText = 128;

function refuseTooLarge({ name, datatype }: TensorSpec, count: number): void {
  const bytes = count * (datatypes[datatype].bytes || bytesPerText);
  if (bytes <= mostBytes) return;
  const message = `a warm-up would take ${bytes} bytes for input '${name.slice(0, 60)}', at most ${mostBytes}`;
  throw new TradewindError("model_unusable", message);
}

/** Only what is between 0 and 1 anyway: of whole numbers nobody knows which the model takes. */
function fillAtRandom({ data }: Tensor, chance: Chance): void {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return;
  for (let at = 0; at < data.length; at += 1) data[at] = chance.number();
}
