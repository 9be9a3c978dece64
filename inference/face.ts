import type { ImageAnswer, Parameters, TensorSpec, Tensors } from "./contract.ts";

/** One model at one version as the protocol shows it: named tensors in, named tensors out. */
export type Face = {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** 0 where a request is one run as it stands; otherwise the first dimension of every tensor counts batch items. */
  readonly maxBatchSize: number;
  /** Names of the places along an output's last dimension, by output. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** What the model's metadata says beside its tensors. */
  readonly parameters: Parameters;
  readonly ready: boolean;
  readonly infer: (request: FaceRequest) => Promise<FaceAnswer>;
};

export type FaceRequest = {
  readonly inputs: Tensors;
  /** What was said of single inputs, by their names. */
  readonly inputParameters: Readonly<Record<string, Parameters>>;
  readonly parameters: Parameters;
  /** The outputs asked for; undefined means all. */
  readonly outputs: readonly string[] | undefined;
  /** 1 is served first; 0 is the model's default. */
  readonly priority: number;
  /** How long it may wait. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
};

export type FaceAnswer = {
  readonly outputs: Tensors;
  readonly parameters: Parameters;
  readonly cost: Cost;
};

/** What one request cost, in milliseconds, and of how many batch items it was. */
export type Cost = {
  readonly items: number;
  readonly queueMs: number;
  readonly inputMs: number;
  readonly inferMs: number;
  readonly outputMs: number;
  /** Items in the run that this request was part of, its own included. */
  readonly batch: number;
  /** Of a request with images: they run side by side, each in a run of its own or together with others. */
  readonly images?: readonly ImageCost[];
};

export type ImageCost = Pick<ImageAnswer, "timings" | "batch">;
