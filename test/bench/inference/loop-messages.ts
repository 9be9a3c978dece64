import type { ImageSize } from "#inference/contract.ts";

/** What each loop does, over and over. */
export type LoopOptions = {
  readonly path: string;
  readonly inputName: string;
  readonly input: ImageSize;
  readonly files: readonly string[];
};

export type LoopOrder = { readonly warmUpMs: number; readonly windowMs: number };
export type LoopTaken = { readonly images: number; readonly seconds: number };
