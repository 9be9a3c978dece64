import type { Calibration } from "./calibrate/choose-range.ts";
import type { MeanAveragePrecision } from "./measure/mean-average-precision.ts";
import type { Target } from "./targets.ts";

/** What a quantized model is worth, held against the model that it was made of. */
export type QuantizeReport = {
  readonly model: string;
  readonly out: string;
  /** Whether the file was written: where a floor did not hold it was not. */
  readonly isWritten: boolean;
  /** A sentence for each floor that did not hold. */
  readonly refusals: readonly string[];
  readonly target: Target;
  readonly calibration: Calibration;
  /** Of the calibration: taken of those that the folder holds. */
  readonly images: { readonly taken: number; readonly found: number };
  readonly bytes: { readonly before: number; readonly after: number };
  /** How often each operator stands in the graph as this machine's runtime computes it. */
  readonly kernels: Readonly<Record<string, number>>;
  readonly speed: Speed;
  readonly agreement: Agreement;
  /** Where the truth is known. */
  readonly accuracy: Accuracy | undefined;
};

/** Of one run on one thread of this machine, medians of rounds that measure both side by side. */
export type Speed = {
  readonly msBefore: number;
  readonly msAfter: number;
  /** How many times as fast; the median of the rounds' own ratios. */
  readonly ratio: number;
  readonly rounds: number;
};

/** How far both say the same of images, 0 to 1. */
export type Agreement = {
  readonly mean: number;
  readonly worst: { readonly agreement: number; readonly file: string };
  readonly images: number;
  /** Whether these are other images than those of the calibration. */
  readonly isShadow: boolean;
  readonly least: number;
};

export type Accuracy = {
  readonly before: MeanAveragePrecision;
  readonly after: MeanAveragePrecision;
  /** What mAP50 lost, in points of a hundred. */
  readonly lost: number;
  readonly images: number;
  readonly most: number;
};
