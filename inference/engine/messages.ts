import type { Tensors } from "#inference/contract.ts";

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
    for (const { datatype, data } of Object.values(tensors)) {
      // Its elements are views of what others need too, a request's body above all.
      if (datatype === "BYTES") continue;
      if (data.buffer.byteLength >= worthMoving && data.buffer instanceof ArrayBuffer)
        buffers.add(data.buffer);
    }
  }
  return [...buffers];
}

const worthMoving = 16_384;
