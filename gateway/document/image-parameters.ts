import { z } from "zod";
import { defaultOptions, formats, objectives } from "#inference/image-api/read-options.ts";

const { detect } = defaultOptions;

/** What a request may ask for besides; `readOptions` reads it, and a test holds the two together. */
export const imageQuery = z.strictObject({
  conf: z
    .number()
    .min(0)
    .max(1)
    .default(detect.conf)
    .describe("Only what is at least this certain. Decimals such as 0.25, no exponents"),
  iou: z
    .number()
    .min(0)
    .max(1)
    .default(detect.iou)
    .describe("Of boxes of one class that overlap more than this, one stays"),
  max_detections: z
    .int()
    .min(1)
    .max(300)
    .default(detect.maxDetections)
    .describe("The most certain ones, and no more than this"),
  classes: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(1_024)
    .optional()
    .describe("Only these, by name or number; several as a list with commas, or each for itself"),
  format: z
    .enum(formats)
    .default(defaultOptions.format)
    .describe("How boxes are written: corners, Roboflow's centres, or COCO's annotations"),
  deadline: z
    .int()
    .min(1)
    .max(600_000)
    .optional()
    .describe(
      "Milliseconds from the request's first byte; the route's own if left out. A later answer says `deadline_missed`",
    ),
  strict: z
    .boolean()
    .default(defaultOptions.strict)
    .describe("No answer at all after the deadline: `deadline_exceeded`"),
  objective: z
    .enum(objectives)
    .optional()
    .describe(
      "What counts for more in the choice of a backend, instead of the route's own. One that is dearer than that takes the scope `objective`",
    ),
});

export type ImageQuery = z.input<typeof imageQuery>;

export const imageHeaders = z.object({
  "Idempotency-Key": z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe(
      "Any text of your own. The same one with the same request within a day gets the first one's answer, and costs nothing",
    ),
  "Cache-Control": z
    .string()
    .optional()
    .describe("`no-cache`, `no-store`, `only-if-cached`, `max-age` and `max-stale` mean what RFC 9111 says"),
  traceparent: z.string().optional().describe("Your place in a trace, which goes on from there"),
  "X-Request-Id": z.string().optional().describe("An id of your own for this request"),
});

const base64 = z.string().describe("Base64, with or without `data:image/jpeg;base64,` before it");

const imageInJson = z
  .union([
    base64,
    z.strictObject({ base64 }),
    z.strictObject({
      url: z.url().describe("Fetched by the gateway, where the route's `fetchFrom` lists the host"),
    }),
  ])
  .meta({ id: "ImageInJson", description: "an image as text, or where it lies" });

const parameters = imageQuery.partial().optional().describe("As they could stand in the query");

/** One image or several, as JSON. */
export const imagesInJson = z
  .union([
    z.strictObject({ image: imageInJson, parameters }),
    z.strictObject({ images: z.array(imageInJson).min(1).max(16), parameters }),
  ])
  .meta({ id: "ImagesInJson", description: "one image, or up to sixteen" });
