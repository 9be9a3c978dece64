import type { z } from "zod";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import {
  configurationAnswer,
  diffQuery,
  historyAnswer,
  historyQuery,
  ifMatchHeader,
  publishedAnswer,
  rollbackBody,
  versionAnswer,
  versionParams,
} from "../routes/admin/configuration-schemas.ts";
import { type AnswerWords, describeRoute, type RouteWords } from "./describe-route.ts";
import { bodyProblems } from "./problems.ts";

/** The room of the configuration, below wherever it is mounted; for operators alone. */

type Words = Omit<RouteWords, "tag" | "scope" | "problems"> & { readonly problems?: readonly ErrorCode[] };

function describeConfiguration({ problems = [], ...words }: Words) {
  return describeRoute({
    ...words,
    tag: "Administration",
    scope: "admin",
    problems: [...problems, "parameter_invalid"],
  });
}

function answersJson(
  description: string,
  schema: z.ZodType,
  headers: AnswerWords["headers"] = [],
): AnswerWords {
  return { description, headers, content: { "application/json": { schema } } };
}

const text = { type: "string" } as const;

const example = [
  "models: { digits-s: { source: s3://weights/digits-s } }",
  "providers: { ours: { kind: static, urls: [http://10.0.0.1:8000] } }",
  "routes: [{ models: [digits-s], failover: [[ours]] }]",
].join("\n");

export const describedConfiguration = describeConfiguration({
  method: "get",
  path: "/configuration",
  operationId: "getConfiguration",
  summary: "The newest configuration, and what this gateway serves",
  answers: { 200: answersJson("The newest", configurationAnswer, ["ETag"]) },
  problems: ["record_unknown"],
});

export const describedConfigurationPut = describeConfiguration({
  method: "put",
  path: "/configuration",
  operationId: "putConfiguration",
  summary: "Publish a configuration for all gateways",
  description:
    "Served by all of them within two seconds, while requests under way end as they began. A text that is wrong changes nothing, and the answer names each of its problems with line and column. It is kept for good and shown to every operator, so no secret belongs in it.",
  headers: ifMatchHeader,
  body: {
    required: true,
    content: { "application/yaml": { schema: text, example }, "text/yaml": { schema: text, example } },
  },
  answers: {
    200: answersJson("It was the newest already", publishedAnswer, ["ETag"]),
    201: answersJson("A new version", publishedAnswer, ["ETag"]),
  },
  problems: [...bodyProblems, "record_exists"],
});

export const describedConfigurationHistory = describeConfiguration({
  method: "get",
  path: "/configuration/history",
  operationId: "listConfigurations",
  summary: "Which configurations there were, the newest first",
  query: historyQuery,
  answers: { 200: answersJson("A page of them", historyAnswer) },
});

export const describedConfigurationDiff = describeConfiguration({
  method: "get",
  path: "/configuration/diff",
  operationId: "diffConfigurations",
  summary: "How one version differs from another, line by line",
  query: diffQuery,
  answers: {
    200: {
      description: "A unified diff, empty where they are the same",
      content: { "text/plain": { schema: text } },
    },
  },
  problems: ["record_unknown"],
});

export const describedConfigurationVersion = describeConfiguration({
  method: "get",
  path: "/configuration/{version}",
  operationId: "getConfigurationVersion",
  summary: "One version with its text",
  params: versionParams,
  answers: { 200: answersJson("The version", versionAnswer, ["ETag"]) },
  problems: ["record_unknown"],
});

export const describedConfigurationRollback = describeConfiguration({
  method: "post",
  path: "/configuration/rollback",
  operationId: "rollBackConfiguration",
  summary: "Publish an old version again",
  description:
    "The version before the newest, unless the body names another; so a second one returns to where it was.",
  headers: ifMatchHeader,
  body: {
    required: false,
    content: { "application/json": { schema: rollbackBody, example: { to: 7 } } },
  },
  answers: {
    200: answersJson("It was the newest already", publishedAnswer, ["ETag"]),
    201: answersJson("A new version with the old text", publishedAnswer, ["ETag"]),
  },
  problems: [...bodyProblems, "record_unknown", "record_exists"],
});
