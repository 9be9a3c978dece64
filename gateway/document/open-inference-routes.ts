import { z } from "zod";
import { type BodyWords, type DescribedRoute, describeRoute, type RouteWords } from "./describe-route.ts";
import { backendProblems, bodyProblems, limitProblems } from "./problems.ts";

/** The protocol is described by those who made it; here stands which of it is served, and how. */

const tag = "Open Inference Protocol";

const anything = { "application/json": { schema: { type: "object" } } } as const;

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
  scope: "any",
  answers: { 200: { description: "As Triton has them", content: anything } },
  problems: backendProblems,
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
    scope: what === "/infer" ? "infer" : "any",
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

type ModelWords = Pick<RouteWords, "summary" | "answers" | "body" | "problems"> & { readonly name: string };

const modelRoutes: Readonly<Record<"" | "/config" | "/stats" | "/ready" | "/infer", ModelWords>> = {
  "": {
    name: "Description",
    summary: "Inputs and outputs of a model",
    answers: { 200: { description: "As the backend tells them", content: anything } },
    problems: [...ofModels, ...backendProblems],
  },
  "/config": {
    name: "Configuration",
    summary: "How a model is configured",
    answers: { 200: { description: "As Triton has it", content: anything } },
    problems: [...ofModels, ...backendProblems],
  },
  "/stats": {
    name: "Statistics",
    summary: "What a model did so far",
    answers: { 200: { description: "As Triton has it", content: anything } },
    problems: [...ofModels, ...backendProblems],
  },
  "/ready": {
    name: "Ready",
    summary: "Whether a model can answer",
    answers: {
      200: { description: "It can", content: anything },
      503: { description: "Not now", headers: ["Retry-After"], content: notReady },
    },
    problems: ofModels,
  },
  "/infer": {
    name: "Infer",
    summary: "Send tensors, or images as the backend reads them",
    body: inferBody,
    answers: {
      200: {
        description: "The backend's own answer, in JSON or with tensors behind it",
        content: { ...anything, "application/octet-stream": {} },
      },
    },
    problems: [
      ...ofModels,
      ...bodyProblems,
      ...backendProblems,
      ...limitProblems,
      "parameter_invalid",
      "image_type_unsupported",
      "encoding_unsupported",
      "image_too_large",
      "image_undecodable",
    ],
  },
};

/** What the protocol has for whoever runs a server: it is known here, and refused. */
export function describeRefused(method: "get" | "post", path: string, why: string): DescribedRoute {
  const isSubtree = path.endsWith("/*");
  const written = path.replace("/*", "/{action}").replaceAll(/:(\w+)/g, "{$1}");
  const names = [...written.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const words = written.split(/[/{}]+/).filter((word) => word !== "" && word !== "v2");
  return describeRoute({
    method,
    path: written,
    operationId: `v2Refuse${method === "get" ? "Get" : ""}${words.map(capitalised).join("")}`,
    tag,
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
