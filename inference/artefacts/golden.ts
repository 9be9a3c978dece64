import { z } from "zod";

/**
 * Images with what the publisher's own run of the same file answered. A device that cannot repeat these answers does not
 * switch: the file, the runtime or the processor is not what was published for.
 */
const box = z.object({ x1: z.number(), y1: z.number(), x2: z.number(), y2: z.number() });

export const goldenDetection = z.object({
  class: z.int().min(0).max(100_000),
  score: z.number().min(0).max(1),
  /** Absent for what has no box, such as a classification. */
  box: box.optional(),
});

export const golden = z.object({
  schema: z.literal(1),
  images: z
    .array(
      z.object({
        name: z.string().min(1).max(100),
        /** Base64 of the encoded image. */
        image: z.string().min(4),
        detections: z.array(goldenDetection).max(1_000),
      }),
    )
    .min(1)
    .max(8),
});

/** The file as a whole, with its images. */
export const mostGoldenBytes = 4 * 1_048_576;

export type Golden = z.output<typeof golden>;
export type GoldenDetection = z.output<typeof goldenDetection>;
