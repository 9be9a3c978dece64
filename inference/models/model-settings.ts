import type { ImageSize, Task } from "#inference/contract.ts";
import { type Batching, noBatching } from "#inference/engine/batching.ts";

/** What the owner of a model says of it beside its file; what is left undefined, the file itself says. */
export type ModelSettings = {
  readonly task: Task | undefined;
  readonly names: readonly string[] | undefined;
  readonly imageSize: ImageSize | undefined;
  /** Names of the places along an output's last dimension, by output. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** The most items a request or a batch may hold; 0: the model knows no batches. */
  readonly maxBatchSize: number | undefined;
  readonly batching: Batching;
  readonly versionPolicy: VersionPolicy;
  /** Sessions to open; undefined: as many as the process is told. */
  readonly instances: number | undefined;
  /** In the order in which they are tried. */
  readonly executionProviders: readonly ExecutionProvider[] | undefined;
  readonly warmUp: readonly WarmUp[];
  /** Where any version is pinned, no other version is served. */
  readonly pins: Readonly<Record<string, Pins>>;
};

/** Which of the versions in the repository are served. */
export type VersionPolicy =
  | { readonly kind: "latest"; readonly count: number }
  | { readonly kind: "all" }
  | { readonly kind: "specific"; readonly versions: readonly string[] };

export const executionProviders = ["tensorrt", "cuda", "webgpu", "cpu"] as const;
export type ExecutionProvider = (typeof executionProviders)[number];

/** Runs before a model counts as ready. */
export type WarmUp = {
  readonly name: string;
  readonly batchSize: number;
  readonly count: number;
  /** Inputs that are not named here get zeros, in the shape that the file gives them. */
  readonly inputs: Readonly<Record<string, WarmUpInput>>;
};

export type WarmUpInput = {
  readonly data: "zero" | "random";
  /** Without the batch dimension. */
  readonly dims: readonly number[] | undefined;
};

/** SHA-256 in lower-case hex, by the file's path within its version's folder. */
export type Pins = Readonly<Record<string, string>>;

/** Of a model without a `model.yaml`. */
export const plainSettings: ModelSettings = {
  task: undefined,
  names: undefined,
  imageSize: undefined,
  labels: {},
  maxBatchSize: undefined,
  batching: noBatching,
  versionPolicy: { kind: "latest", count: 1 },
  instances: undefined,
  executionProviders: undefined,
  warmUp: [],
  pins: {},
};
