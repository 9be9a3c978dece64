import type { z } from "zod";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import type { Scope } from "../caller.ts";
import type { Tag } from "./about.ts";
import { type AnswerHeader, headerReferences, onEveryAnswer } from "./headers.ts";
import { type JsonSchema, writeSchema } from "./json-schema.ts";
import { keyProblems, problemResponses } from "./problems.ts";

/** What is told of a route, in the words that only its author knows; the rest follows from them. */
export type RouteWords = {
  readonly method: "get" | "post" | "put" | "delete";
  /** With its parameters in braces. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** None where no key is wanted; `any` where each key will do. */
  readonly scope?: Scope | "any";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: BodyWords;
  readonly answers: Readonly<Record<number, AnswerWords>>;
  readonly problems?: readonly ErrorCode[];
  /** Stands for everything below as well: its last parameter may have slashes in it. */
  readonly isSubtree?: boolean;
};

export type BodyWords = {
  readonly required: boolean;
  readonly description?: string;
  readonly content: Readonly<Record<string, ContentWords>>;
};

export type ContentWords = { readonly schema?: z.ZodType | JsonSchema; readonly example?: unknown };

export type AnswerWords = {
  readonly description: string;
  readonly headers?: readonly AnswerHeader[];
  /** By media type. */
  readonly content?: Readonly<Record<string, ContentWords>>;
};

/** A route as the public document tells of it: the one declaration that both the document and the router are made from. */
export type DescribedRoute = {
  readonly method: RouteWords["method"];
  readonly path: string;
  readonly isSubtree: boolean;
  /** Written when the document is first asked for: a gateway that starts has no time to lose. */
  readonly write: () => WrittenRoute;
};

export type WrittenRoute = {
  /** An Operation Object of OpenAPI 3.1. */
  readonly operation: Readonly<Record<string, unknown>>;
  /** What the operation refers to. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
};

export function describeRoute(words: RouteWords): DescribedRoute {
  const { method, path, isSubtree = false } = words;
  return { method, path, isSubtree, write: () => writeRoute(words) };
}

function writeRoute(words: RouteWords): WrittenRoute {
  const { operationId, tag, summary, description, scope, body, isSubtree = false } = words;
  const schemas: Record<string, JsonSchema> = {};
  const write: Write = (type, io) => {
    const { schema, named } = writeSchema(type, io);
    Object.assign(schemas, named);
    return schema;
  };
  const operation = {
    operationId,
    ...(isSubtree && { "x-subtree": true }),
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(scope),
    parameters: parametersOf(words, write),
    ...(body && { requestBody: { ...body, content: contentOf(body.content, write, "input") } }),
    responses: responsesOf(words, write),
  };
  return { operation, schemas };
}

type Write = (type: z.ZodType, io: "input" | "output") => JsonSchema;

/** Any one of these; what stands in the lists is the scope that the key must have. */
function securityOf(scope: RouteWords["scope"]): object[] {
  if (scope === undefined) return [];
  const scopes = scope === "any" ? [] : [scope];
  return [{ key: scopes }, { apiKey: scopes }, { token: scopes }];
}

function parametersOf({ params, query, headers }: RouteWords, write: Write): object[] {
  return [
    ...parametersIn("path", params, write),
    ...parametersIn("query", query, write),
    ...parametersIn("header", headers, write),
  ];
}

function parametersIn(place: string, type: z.ZodObject | undefined, write: Write): object[] {
  if (!type) return [];
  const { properties = {}, required = [] } = write(type, "input") as ObjectSchema;
  return Object.entries(properties).map(([name, { description, examples, ...schema }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    ...(examples?.[0] !== undefined && { example: examples[0] }),
    schema,
  }));
}

type ObjectSchema = {
  readonly properties?: Readonly<
    Record<string, JsonSchema & { readonly description?: string; readonly examples?: readonly unknown[] }>
  >;
  readonly required?: readonly string[];
};

function contentOf(
  content: BodyWords["content"],
  write: Write,
  io: "input" | "output",
): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema, ...rest }]) => {
      if (!schema) return [type, rest];
      return [type, { schema: isZod(schema) ? write(schema, io) : schema, ...rest }];
    }),
  );
}

function isZod(schema: z.ZodType | JsonSchema): schema is z.ZodType {
  return "_zod" in schema;
}

function responsesOf(words: RouteWords, write: Write): Readonly<Record<string, object>> {
  const { answers, path, scope, problems = [] } = words;
  const codes = [...(scope ? keyProblems : []), ...(scope && scope !== "any" ? forbidden : []), ...problems];
  const responses: Record<string, object> = {
    ...problemResponses(codes, /^\/v2(\/|$)/.test(path) ? "protocol" : "problem"),
  };
  for (const [status, { description, headers = [], content = {} }] of Object.entries(answers)) {
    const beside = responses[status] as
      | { readonly content: object; readonly description: string }
      | undefined;
    responses[status] = {
      description: beside ? `${description}, or ${beside.description}` : description,
      headers: headerReferences([...onEveryAnswer, ...headers]),
      content: { ...beside?.content, ...contentOf(content, write, "output") },
    };
  }
  return responses;
}

const forbidden = ["forbidden"] as const;
