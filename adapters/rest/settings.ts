import { z } from "zod";
import { secretSource } from "../secret-source.ts";

/** Where something stands in JSON: names and places behind dots, or a dot alone for all of it. */
const place = z
  .string()
  .max(400)
  .regex(/^(\.|[^.]{1,100}(\.[^.]{1,100}){0,7})$/, "expected a place such as result.boxes.0, or .");

const path = z
  .string()
  .max(1_000)
  .regex(/^\/[\x21-\x7e]*$/, "expected a path such as /predict");

const word = z
  .string()
  .regex(/^[A-Za-z0-9_.[\]-]{1,100}$/, "expected letters, digits, dots, dashes or underscores");

/** What the request itself decides. */
const reserved = /^(host|connection|content-length|content-type|transfer-encoding|accept|accept-encoding)$/;

const headerName = z
  .string()
  .regex(/^[a-z0-9-]{1,100}$/, "expected the name of a header in small letters")
  .refine((name) => !reserved.test(name), "this header is decided by the request");

const headerValue = z
  .string()
  .max(4_096)
  .regex(/^[\x20-\x7e]*$/, "expected what a header may hold");

const side = z.int().min(1).max(65_535);

const body = z
  .union([
    z.literal("raw"),
    z.strictObject({ multipart: word }),
    z.strictObject({ base64: word, dataUrl: z.boolean().default(false) }),
  ])
  .meta({ id: "restBody" })
  .default("raw")
  .describe("the image's bytes alone, as a file in a form, or as base64 in a field of JSON");

const answer = z
  .strictObject({
    list: place
      .optional()
      .describe("the list of what was found; without it, the places below hold lists side by side"),
    score: place,
    class: place.optional().describe("the number of its class"),
    name: place.optional().describe("the name of its class, one of names"),
    box: z
      .union([place, z.tuple([place, place, place, place])])
      .describe("four numbers in one list, or the places of each of the four"),
    form: z
      .enum(["xyxy", "xywh", "cxcywh"])
      .default("xyxy")
      .describe("two corners; the upper left corner and the size; or the middle and the size"),
    units: z.enum(["pixels", "share"]).default("pixels").describe("pixels, or shares of width and height"),
    image: z
      .strictObject({ width: z.union([side, place]), height: z.union([side, place]) })
      .optional()
      .describe("the size of the image that boxes are told in, where that is not the image as it was sent"),
    firstClass: z.int().min(0).max(10_000).default(0).describe("the number of the first of names"),
    certain: z
      .union([z.literal(1), z.literal(100)])
      .default(1)
      .describe("the score of what is certain"),
  })
  .meta({ id: "restAnswer" })
  .refine((given) => given.class !== undefined || given.name !== undefined, {
    error: "expected class, name or both",
  })
  .describe("where in the JSON of an answer everything stands");

/** A team's own HTTP, in its own words: how an image goes there, and how its answer is read. */
export const restSettings = z
  .strictObject({
    method: z.enum(["POST", "PUT"]).default("POST"),
    path: path.describe("behind the address; {model} in it is the model's name"),
    body,
    fields: z
      .record(word, z.union([z.string().max(4_096), z.number(), z.boolean()]))
      .optional()
      .describe("what stands beside the image in a form or in JSON"),
    headers: z
      .record(headerName, z.union([headerValue, secretSource]))
      .default({})
      .describe("further headers, with values as they are or from where a secret lies"),
    query: z
      .strictObject({ conf: word.optional(), iou: word.optional(), maxDetections: word.optional() })
      .prefault({})
      .describe("the server's own names of options that it takes; others are applied to its answers here"),
    health: path
      .optional()
      .describe(
        "answers with a success while the server is ready; without it, any answer of the server counts",
      ),
    names: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(10_000)
      .describe("the names of the model's classes, by their numbers"),
    version: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,100}$/, "expected letters, digits, dots, dashes or underscores")
      .default("1")
      .describe("the version of its model; another one is another entry in caches"),
    precision: z.enum(["fp32", "fp16", "int8"]).default("fp32"),
    input: z
      .strictObject({ width: side, height: side })
      .optional()
      .describe("what its model takes, so that a route may send smaller copies; without it none are sent"),
    orientation: z
      .enum(["applied", "ignored"])
      .default("applied")
      .describe("whether the server turns images as their EXIF says; many that open them with PIL do not"),
    answer,
  })
  .meta({ id: "rest" })
  .refine(({ body: form, fields }) => form !== "raw" || fields === undefined, {
    error: "an image alone has no room for fields: take multipart or base64",
    path: ["fields"],
  });

export type RestSettings = z.output<typeof restSettings>;

export type RestAnswer = RestSettings["answer"];
