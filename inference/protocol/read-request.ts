import { z } from "zod";
import type { DetectOptions } from "#inference/contract.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readImages } from "./read-images.ts";

export type InferRequest = {
  readonly id: string | undefined;
  readonly images: readonly Uint8Array[];
  readonly options: DetectOptions;
  /** The outputs asked for, in that order; undefined means all. */
  readonly outputs: readonly string[] | undefined;
};

export const outputNames = ["boxes", "scores", "classes", "counts", "sizes"] as const;

/**
 * Reads an infer request for an image model: JSON, or JSON of the length that the header `Inference-Header-Content-Length`
 * names with the tensor behind it, or with a length of 0 nothing but the one image.
 */
export function readInferRequest(body: Buffer, headerLength: string | undefined): InferRequest {
  const jsonBytes = headLength(headerLength, body.byteLength);
  if (jsonBytes === 0) return { id: undefined, images: [body], options: detectDefaults, outputs: undefined };
  const head = parseHead(body.subarray(0, jsonBytes));
  const [input] = head.inputs;
  if (!input || head.inputs.length > 1)
    throw malformed(`${head.inputs.length} inputs, expected one named 'image'`);
  return {
    id: head.id,
    images: readImages(input, body.subarray(jsonBytes)),
    options: readOptions(head.parameters),
    outputs: head.outputs && readOutputs(head.outputs),
  };
}

const scalar = z.union([z.string().max(10_000), z.number(), z.boolean()]);
const parameters = z.record(z.string().max(200), scalar).default({});

const headSchema = z.object({
  id: z.string().max(1_000).optional(),
  parameters,
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.number()).max(16),
        datatype: z.string(),
        parameters,
        data: z.unknown().optional(),
      }),
    )
    .max(64),
  outputs: z
    .array(z.object({ name: z.string(), parameters }))
    .max(64)
    .optional(),
});

type Head = z.infer<typeof headSchema>;

/** One input as the JSON part describes it; its bytes may lie behind the JSON part. */
export type InputHead = Head["inputs"][number];

/** Absent, everything is JSON. */
function headLength(header: string | undefined, total: number): number {
  if (header === undefined) return total;
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (length <= total) return length;
  throw malformed(`Inference-Header-Content-Length is '${header.slice(0, 40)}', expected 0 to ${total}`);
}

function parseHead(bytes: Buffer): Head {
  const parsed = headSchema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") || "the request";
  throw malformed(`${place.slice(0, 200)}: ${issue?.message.toLowerCase() ?? "not understood"}`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const hint = "an image alone needs the header Inference-Header-Content-Length: 0";
    throw new TradewindError("request_malformed", `the request's JSON part is not JSON; ${hint}`, {
      cause: error,
    });
  }
}

/** What the protocol reserves and we do not act on; our own are read below, and anything else is a typing error. */
const reserved = new Set([
  "sequence_id",
  "sequence_start",
  "sequence_end",
  "priority",
  "timeout",
  "binary_data_output",
  "headers",
]);

function readOptions(given: Head["parameters"]): DetectOptions {
  const own = {
    conf: detectDefaults.conf,
    iou: detectDefaults.iou,
    max_detections: detectDefaults.maxDetections,
  };
  const unknown = Object.keys(given).find((name) => !reserved.has(name) && !Object.hasOwn(own, name));
  if (unknown !== undefined) throw invalid(`there is no parameter '${unknown}'`);
  const { conf = own.conf, iou = own.iou, max_detections: maxDetections = own.max_detections } = given;
  return {
    conf: fraction("conf", conf),
    iou: fraction("iou", iou),
    maxDetections: countOf("max_detections", maxDetections),
  };
}

function fraction(name: string, value: z.infer<typeof scalar>): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw invalid(`${name} is ${show(value)}, expected a number from 0 to 1`);
}

function countOf(name: string, value: z.infer<typeof scalar>): number {
  const { maxDetections: most } = detectDefaults;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(`${name} is ${show(value)}, expected a whole number from 1 to ${most}`);
}

function readOutputs(given: NonNullable<Head["outputs"]>): string[] {
  const names = given.map(({ name }) => name);
  const known: readonly string[] = outputNames;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw malformed(`unexpected output ${show(unknown)}, the model has ${known.join(", ")}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw malformed(`output '${twice}' already requested`);
  const classified = given.find((output) => output.parameters.classification !== undefined);
  if (classified) throw malformed(`output '${classified.name}' cannot be asked for as a classification`);
  return names;
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 60);
}

function malformed(message: string): TradewindError {
  return new TradewindError("request_malformed", message);
}

function invalid(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
