import type { Tensor } from "#inference/contract.ts";

/** Tensors by the name that the model's graph gives them. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a session's thread is started with. */
export type SessionOptions = {
  readonly path: string;
  /** The graph outputs that come back; others are not computed. */
  readonly outputs: readonly string[];
};

export type ToThread = { readonly kind: "run"; readonly inputs: Tensors } | { readonly kind: "close" };

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "unusable"; readonly message: string }
  | { readonly kind: "done"; readonly outputs: Tensors; readonly ms: number }
  | { readonly kind: "failed"; readonly message: string };

/** The memory of tensors, to be moved to the other thread instead of copied. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  const buffers = Object.values(tensors).map((tensor) => tensor.data.buffer);
  return buffers.filter((buffer) => buffer instanceof ArrayBuffer);
}
