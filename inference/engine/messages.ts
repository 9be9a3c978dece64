import type { Tensor, Tensors } from "#inference/contract.ts";

/** What a session is started with. */
export type SessionOptions = {
  readonly path: string;
  /** The graph outputs that come back; others are not computed. */
  readonly outputs: readonly string[];
  /** Tried in this order. */
  readonly executionProviders: readonly ExecutionProvider[];
  /** Without instructions for 8-bit products the quick kernels overflow; this takes the right ones. */
  readonly exactQuantized: boolean;
};

export const executionProviders = ["tensorrt", "cuda", "webgpu", "cpu"] as const;

export type ExecutionProvider = (typeof executionProviders)[number];

/** Where a session computes, and which places it tried first, each with the reason why not. */
export type Placement = {
  readonly executionProvider: ExecutionProvider;
  readonly passedOver: readonly { readonly provider: ExecutionProvider; readonly reason: string }[];
};

/** Several runs in one message are computed as one batch, or one after the other. */
export type ToSession =
  | { readonly kind: "run"; readonly runs: readonly Tensors[]; readonly joined: boolean }
  | { readonly kind: "close" };

export type FromSession =
  | { readonly kind: "ready"; readonly placement: Placement }
  | { readonly kind: "unusable"; readonly message: string }
  /** `spent` are the inputs, whose memory comes back to be used again. */
  | {
      readonly kind: "done";
      readonly answers: readonly RunOutcome[];
      readonly spent: readonly Tensors[];
      /** Of the batch, or of all that were computed one after the other. */
      readonly ms: number;
    };

/** The outputs of one run, or what onnxruntime said against its inputs. */
export type RunOutcome = { readonly outputs: Tensors } | { readonly failed: string };

/**
 * The memory of tensors, to be moved to the other side instead of copied; what several views share comes once. Moving a
 * small one costs more than copying it.
 */
export function buffersOf(runs: readonly Tensors[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const tensors of runs) {
    for (const tensor of Object.values(tensors)) {
      const memory = movable(tensor);
      if (memory) buffers.add(memory);
    }
  }
  return [...buffers];
}

/** The inputs whose memory was moved here, to be sent back; the others are copies that nobody misses. */
export function movedInputs(runs: readonly Tensors[]): readonly Tensors[] {
  if (buffersOf(runs).length === 0) return [];
  return runs.map((run) => Object.fromEntries(Object.entries(run).filter(([, tensor]) => movable(tensor))));
}

/** The elements of BYTES are views of what others need too, a request's body above all. */
function movable({ datatype, data }: Tensor): ArrayBuffer | undefined {
  if (datatype === "BYTES" || data.buffer.byteLength < worthMoving) return undefined;
  return data.buffer instanceof ArrayBuffer ? data.buffer : undefined;
}

const worthMoving = 16_384;
