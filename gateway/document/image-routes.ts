import { z } from "zod";
import { CocoAnswer, DetectAnswer, ListAnswer, RoboflowAnswer } from "#inference/image-api/answer-schema.ts";
import { type BodyWords, type DescribedRoute, describeRoute } from "./describe-route.ts";
import { imageHeaders, imageQuery, imagesInJson } from "./image-parameters.ts";
import type { JsonSchema } from "./json-schema.ts";
import { writeSchema } from "./json-schema.ts";
import { backendProblems, bodyProblems, limitProblems } from "./problems.ts";

/** The ways in for images; they differ in what the model behind them must be able to do. */
export function describeTask(task: keyof typeof tasks): DescribedRoute {
  const { operationId, summary } = tasks[task];
  return describeRoute({
    method: "post",
    path: `/v1/models/{model}/${task}`,
    operationId,
    tag: "Images",
    summary,
    description: `One image is answered with one answer, several with a list in their order, in which an image that failed has its own error. ${more}`,
    scope: "infer",
    params: z.object({ model }),
    query: imageQuery,
    headers: imageHeaders,
    body: imageBody,
    answers: {
      200: {
        description: "What is in the image, or in each of several",
        headers: [
          "Cache-Status",
          "RateLimit",
          "RateLimit-Policy",
          "Server-Timing",
          "Tradewind-Decision",
          "Idempotent-Replayed",
        ],
        content: {
          "application/json": { schema: z.union([DetectAnswer, RoboflowAnswer, CocoAnswer, ListAnswer]) },
        },
      },
    },
    problems: imageProblems,
  });
}

const more = "A model does one task; at the path of another it says where to ask.";

const tasks = {
  detect: { operationId: "detect", summary: "Find things, with a box around each" },
  segment: { operationId: "segment", summary: "Find things, with a mask of each" },
  pose: { operationId: "pose", summary: "Find things, with the keypoints of each" },
  obb: { operationId: "obb", summary: "Find things, with a turned box around each" },
  classify: { operationId: "classify", summary: "Say what the whole image shows" },
} as const;

const model = z
  .string()
  .describe("A name out of `GET /v1/models`; `name@version` pins a version")
  .meta({ examples: ["digits-s"] });

const imageProblems = [
  ...bodyProblems,
  ...backendProblems,
  ...limitProblems,
  "model_unknown",
  "version_unknown",
  "task_unsupported",
  "parameter_invalid",
  "image_type_unsupported",
  "encoding_unsupported",
  "image_too_large",
  "image_undecodable",
  "images_too_many",
  "url_refused",
  "url_unreachable",
  "idempotency_in_progress",
  "idempotency_key_reused",
  "not_cached",
] as const;

const file: JsonSchema = { type: "string", contentMediaType: "application/octet-stream" };

const imageBody: BodyWords = {
  required: true,
  description:
    "The bytes of a JPEG, PNG or WebP as they are; a form with one to sixteen of them; or JSON with base64 or addresses. What they are is read from their first bytes.",
  content: {
    "image/jpeg": {},
    "image/png": {},
    "image/webp": {},
    "application/octet-stream": {},
    "multipart/form-data": { schema: imageForm() },
    "application/json": { schema: imagesInJson, example: { image: "/9j/4AAQSkZJRg..." } },
  },
};

/** Fields of a form are the query's parameters, and the images. */
function imageForm(): JsonSchema {
  const { properties = {} } = writeSchema(imageQuery, "input").schema as { readonly properties?: object };
  return {
    type: "object",
    properties: {
      image: { ...file, description: "One image" },
      images: {
        type: "array",
        items: file,
        maxItems: 16,
        description: "Several, each a part of its own; answered with a list even if it is one",
      },
      ...properties,
    },
  };
}

const modelEntry = z
  .object({
    name: z.string(),
    ready: z.boolean().describe("Whether a backend can answer for it now; what follows is known only then"),
    slo_ms: z.number().describe("What a request may take before its answer says `deadline_missed`"),
    version: z.string().optional().describe("What answers where none is pinned"),
    versions: z.array(z.string()).optional(),
    task: z.enum(["detect", "segment", "pose", "obb", "classify"]).optional(),
    precision: z.enum(["fp32", "fp16", "int8"]).optional(),
    names: z.array(z.string()).optional().describe("Of the classes, by their numbers"),
    input: z.object({ width: z.int(), height: z.int() }).optional().describe("What images are scaled to"),
  })
  .meta({ id: "Model", description: "a model that this key may use" });

export const modelsAnswer = z.object({ models: z.array(modelEntry) });

export type ModelsAnswer = z.output<typeof modelsAnswer>;

export const describedModels = describeRoute({
  method: "get",
  path: "/v1/models",
  operationId: "listModels",
  tag: "Account",
  summary: "The models that this key may use",
  scope: "any",
  answers: {
    200: { description: "All of them", content: { "application/json": { schema: modelsAnswer } } },
  },
});
