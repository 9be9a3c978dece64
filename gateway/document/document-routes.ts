import { z } from "zod";
import { type AnswerWords, describeRoute } from "./describe-route.ts";

const headers = z.object({
  "If-None-Match": z
    .string()
    .optional()
    .describe("The `ETag` of what you have, to be told if it is still the same"),
});

const unchanged: AnswerWords = { description: "What you have is still the same", headers: ["ETag"] };

export const describedDocument = describeRoute({
  method: "get",
  path: "/openapi.json",
  operationId: "getOpenApi",
  tag: "Documents",
  summary: "This API for programs, as OpenAPI 3.1",
  headers,
  answers: {
    200: {
      description: "What can be asked at this address",
      headers: ["ETag"],
      content: { "application/json": { schema: { type: "object" } } },
    },
    304: unchanged,
  },
});

export const describedReference = describeRoute({
  method: "get",
  path: "/docs",
  operationId: "getReference",
  tag: "Documents",
  summary: "This API for people, as a page",
  headers,
  answers: {
    200: {
      description: "A page that needs nothing else",
      headers: ["ETag"],
      content: { "text/html; charset=utf-8": { schema: { type: "string" } } },
    },
    304: unchanged,
  },
});
