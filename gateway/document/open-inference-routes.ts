import { z } from "zod";
import { type BodyWords, type DescribedRoute, describeRoute, type RouteWords } from "./describe-route.ts";
import { imageHeaders } from "./image-parameters.ts";
import { backendProblems, bodyProblems, limitProblems } from "./problems.ts";

/** The protocol is described by those who made it; here stands which of it is served, and how. */

const tag = "Open Inference Protocol";

const anything = { "application/json": { schema: { type: "object" } } } as const;

/** Of what counts as a request, though not as an image. */
const rateProblems = ["rate_limited", "concurrency_limited", "limits_unavailable"] as const;

const limitHeaders = ["RateLimit", "RateLimit-Policy"] as const;

const notReady = {
  "application/json": { schema: z.object({ error: z.string(), ready: z.literal(false) }) },
} as const;

export function describeServer(path: "/v2" | "/v2/"): DescribedRoute {
  return describeRoute({
    method: "get",
    path,
    operationId: path === "/v2" ? "v2Server" : "v2ServerWithSlash",
    tag,
    summary: "Name, version and extensions of the server",
    scope: "any",
    answers: { 200: { description: "This server", content: anything } },
  });
}

export const describedServerLive = describeRoute({
  method: "get",
  path: "/v2/health/live",
  operationId: "v2Live",
  tag,
  summary: "Whether the server runs",
  answers: { 200: { description: "It does", content: anything } },
});

export const describedServerReady = describeRoute({
  method: "get",
  path: "/v2/health/ready",
  operationId: "v2Ready",
  tag,
  summary: "Whether the server can answer",
  answers: {
    200: { description: "It can", content: anything },
    503: { description: "Not now", headers: ["Retry-After"], content: notReady },
  },
});

export const describedModelNames = describeRoute({
  method: "get",
  path: "/v2/models",
  operationId: "v2Models",
  tag,
  summary: "The names of the models that this key may use",
  scope: "any",
  answers: {
    200: {
      description: "All of them",
      content: { "application/json": { schema: z.object({ models: z.array(z.string()) }) } },
    },
  },
});

export const describedAllStatistics = describeRoute({
  method: "get",
  path: "/v2/models/stats",
  operationId: "v2AllStatistics",
  tag,
  summary: "The statistics of every model that this key may use",
  description: "It counts as one request of the key and its tenant.",
  scope: "metrics",
  answers: { 200: { description: "As Triton has them", headers: limitHeaders, content: anything } },
  problems: [...backendProblems, ...rateProblems],
});

export const describedIndex = describeRoute({
  method: "post",
  path: "/v2/repository/index",
  operationId: "v2Index",
  tag,
  summary: "The models and whether they are ready",
  scope: "any",
  body: {
    required: false,
    content: {
      "application/json": { schema: z.object({ ready: z.boolean().optional() }), example: { ready: true } },
    },
  },
  answers: {
    200: {
      description: "All of them, or those that are ready",
      content: { "application/json": { schema: { type: "array", items: { type: "object" } } } },
    },
  },
  problems: bodyProblems,
});

/** One of the questions and requests that are made of a model, with or without its version in the path. */
export function describeModelRoute(
  base: "/v2/models/{model}" | "/v2/models/{model}/versions/{version}",
  what: "" | "/config" | "/stats" | "/ready" | "/infer",
): DescribedRoute {
  const isPinned = base.endsWith("{version}");
  const { name, summary, ...words } = modelRoutes[what];
  return describeRoute({
    method: what === "/infer" ? "post" : "get",
    path: base + what,
    operationId: `v2Model${name}${isPinned ? "OfVersion" : ""}`,
    tag,
    summary: isPinned ? `${summary}, of one version` : summary,
    scope: what === "/stats" ? "metrics" : "infer",
    params: isPinned ? z.object({ model, version }) : z.object({ model }),
    ...words,
  });
}

const model = z
  .string()
  .describe("A model's name, or with `-tensor` behind it the same model as a graph of tensors")
  .meta({ examples: ["digits-s"] });

const version = z.string().meta({ examples: ["1"] });

const ofModels = ["model_unknown", "version_unknown"] as const;

const ofQuestions = [...ofModels, ...backendProblems, ...rateProblems] as const;

const onceOnly = imageHeaders.pick({ "Idempotency-Key": true });

const inferBody: BodyWords = {
  required: true,
  description: "A request of the protocol, in JSON or with its tensors behind it.",
  content: {
    "application/json": {
      schema: { type: "object" },
      example: { inputs: [{ name: "image", datatype: "BYTES", shape: [1, 1], data: ["..."] }] },
    },
    "application/octet-stream": {},
  },
};

type ModelWords = Pick<RouteWords, "summary" | "answers" | "body" | "headers" | "problems"> & {
  readonly name: string;
};

const modelRoutes: Readonly<Record<"" | "/config" | "/stats" | "/ready" | "/infer", ModelWords>> = {
  "": {
    name: "Description",
    summary: "Inputs and outputs of a model",
    answers: { 200: { description: "As the backend tells them", headers: limitHeaders, content: anything } },
    problems: ofQuestions,
  },
  "/config": {
    name: "Configuration",
    summary: "How a model is configured",
    answers: { 200: { description: "As Triton has it", headers: limitHeaders, content: anything } },
    problems: ofQuestions,
  },
  "/stats": {
    name: "Statistics",
    summary: "What a model did so far",
    answers: { 200: { description: "As Triton has it", headers: limitHeaders, content: anything } },
    problems: ofQuestions,
  },
  "/ready": {
    name: "Ready",
    summary: "Whether a model can answer",
    answers: {
      200: { description: "It can", headers: limitHeaders, content: anything },
      503: { description: "Not now", headers: ["Retry-After"], content: notReady },
    },
    problems: [...ofModels, ...rateProblems, "overloaded"],
  },
  "/infer": {
    name: "Infer",
    summary: "Send tensors, or images as the backend reads them",
    body: inferBody,
    headers: onceOnly,
    answers: {
      200: {
        description: "The backend's own answer, in JSON or with tensors behind it",
        headers: [...limitHeaders, "Idempotent-Replayed"],
        content: { ...anything, "application/octet-stream": {} },
      },
    },
    problems: [
      ...ofModels,
      ...bodyProblems,
      ...backendProblems,
      ...limitProblems,
      "idempotency_in_progress",
      "idempotency_key_reused",
      "parameter_invalid",
      "image_type_unsupported",
      "encoding_unsupported",
      "image_too_large",
      "image_undecodable",
    ],
  },
};

/** A route that only says why it is not one. */
export function describeRefused(method: "get" | "post", path: string, why: string): DescribedRoute {
  const isSubtree = path.endsWith("/*");
  const written = path.replace("/*", "/{action}").replaceAll(/:(\w+)/g, "{$1}");
  const names = [...written.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const words = written.split(/[/{}]+/).filter((word) => word !== "" && word !== "v2");
  return describeRoute({
    method,
    path: written,
    operationId: `v2Refuse${method === "get" ? "Get" : ""}${words.map(capitalised).join("")}`,
    tag: "Refused",
    summary: `Refused: ${why}`,
    scope: "any",
    ...(names.length > 0 && {
      params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))),
    }),
    answers: {},
    problems: ["forbidden"],
    isSubtree,
  });
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
