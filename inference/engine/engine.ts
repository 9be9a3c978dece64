import type { Tensors } from "#inference/contract.ts";

/** Runs one model: threads of this process, processes of their own, or another server. Opened ready, closed once drained. */
export type Engine = AsyncDisposable & {
  readonly ready: boolean;
  /** Runs that wait. */
  readonly waiting: number;
  /** What computes, as onnxruntime names it; a server elsewhere is `remote`. */
  readonly executionProvider: string;
  /** One run. The tensors' memory may move away, so the caller must not use it again. */
  readonly run: (inputs: Tensors, options: RunOptions) => Promise<RunAnswer>;
  readonly close: () => Promise<void>;
};

export type RunOptions = {
  readonly signal: AbortSignal;
  /** 1 is served first; 0 or nothing is the model's default. */
  readonly priority?: number;
  /** How long the run may wait, where the model's queue policy lets callers say so. */
  readonly timeoutMs?: number;
};

export type RunAnswer = {
  readonly outputs: Tensors;
  readonly queueMs: number;
  readonly inferenceMs: number;
  /** Items that were computed together, these included. */
  readonly batch: number;
  /** The inputs' memory where it came back, to be used again. */
  readonly spent: Tensors;
};
