import { TradewindError } from "#infra/runtime/errors.ts";
import { type Calibrated, calibrate } from "./calibrate/calibrate.ts";
import type { Calibration } from "./calibrate/choose-range.ts";
import { expose, type Use } from "./calibrate/expose.ts";
import type { ImageTensors } from "./calibrate/image-tensors.ts";
import { insertPairs } from "./insert/insert-pairs.ts";
import { type GraphFile, readGraphFile, refusing } from "./onnx/graph-file.ts";
import type { Chunks } from "./onnx/parts.ts";
import { openSession } from "./open-session.ts";
import { findMixed, type Mixture } from "./plan/find-mixed.ts";
import { type PairPlan, planPairs } from "./plan/plan-pairs.ts";
import { numberKinds, type Target } from "./targets.ts";

export type QuantizeOptions = {
  readonly images: ImageTensors;
  readonly calibration: Calibration;
  /** How boxes and scores lie side by side in what the model finds, where they do. */
  readonly mixture?: Mixture | undefined;
  readonly target: Target;
  /** What the file's metadata says of it afterwards. */
  readonly note: string;
  /** Where a file can be put for a while. */
  readonly place: (chunks: Chunks) => Promise<string>;
  readonly signal: AbortSignal;
};

/** The same model with whole numbers for its weights and for what flows between them, as the pieces of its file. */
export async function quantizeBytes(bytes: Uint8Array, options: QuantizeOptions): Promise<Chunks> {
  const file = readGraphFile(bytes);
  refuseUnfit(file);
  const plan = refusing(bytes, () => planPairs(file));
  if (plan.weighted.size === 0) throw unusable("no operation of it has weights that could be whole numbers");
  const seen = await see(file, plan, options);
  const note = { key: "quantization", value: options.note };
  return refusing(bytes, () =>
    insertPairs(file, { plan, ...seen, kinds: numberKinds[options.target], note }),
  );
}

async function see(file: GraphFile, plan: PairPlan, options: QuantizeOptions): Promise<Calibrated> {
  const { images, calibration, mixture = [], place, signal } = options;
  const { chunks, exposed } = expose(file, usesOf(plan, options));
  const session = await openSession(await place(chunks));
  try {
    return await calibrate({ session, exposed, mixture, images, calibration, signal });
  } finally {
    await session.release();
  }
}

/** Of what leaves the whole numbers all that was seen is kept: a box or a score that is cut off is wrong at once. */
function usesOf(plan: PairPlan, { mixture, calibration }: QuantizeOptions): ReadonlyMap<string, Use> {
  const mixed = findMixed(plan, mixture);
  const useOf = (tensor: string): Use => {
    if (mixed.has(tensor)) return "kinds";
    return calibration === "minmax" || plan.ends.has(tensor) ? "extremes" : "all";
  };
  return new Map(Array.from(plan.pairs.values(), (root) => [root, useOf(root)]));
}

function refuseUnfit({ opset, nodes, constants }: GraphFile): void {
  if (opset < leastOpset) {
    const hint = `export it with opset ${leastOpset} or later`;
    throw unusable(`its opset is ${opset}, and a scale for each channel came with ${leastOpset}`, hint);
  }
  const whole = nodes.find(({ op }) => /quantizeLinear$|^QLinear|Integer$/i.test(op));
  if (whole) throw unusable(`it holds ${whole.op.slice(0, 60)} and so is quantized`);
  const elsewhere = Array.from(constants.values()).find(({ isElsewhere }) => isElsewhere);
  if (elsewhere) throw unusable(`its weights lie in another file ('${elsewhere.name.slice(0, 60)}')`);
}

const leastOpset = 13;

function unusable(problem: string, hint?: string): TradewindError {
  const message = `the model cannot be quantized: ${problem}`;
  return new TradewindError("model_unusable", message, hint === undefined ? {} : { hint });
}
