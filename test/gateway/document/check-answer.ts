import { schemaProblems } from "./check-schema.ts";

export type Document = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly tags: readonly { readonly name: string }[];
};

export type Operation = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, Described>>;
};

type Described = {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
};

type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };

/** What of an answer the document does not say: a status, a type, a body or a header of its own. */
export function undescribed(document: Document, operationId: string, answer: Answer): string[] {
  const operation = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .find((one) => one.operationId === operationId);
  const described = operation?.responses[answer.status];
  if (!described) return [`${operationId} has no answer ${answer.status}: ${answer.text}`];
  return [
    ...undescribedHeaders(document, described, answer),
    ...undescribedBody(document, described, answer),
  ];
}

function undescribedHeaders(document: Document, described: Described, { headers }: Answer): string[] {
  const known = Object.keys(document.components.headers ?? {}).map((name) => name.toLowerCase());
  const said = new Set(Object.keys(described.headers ?? {}).map((name) => name.toLowerCase()));
  return known
    .filter((name) => headers.has(name) && !said.has(name))
    .map((name) => `says nothing of ${name}`);
}

function undescribedBody(
  document: Document,
  { content = {} }: Described,
  { headers, text }: Answer,
): string[] {
  const type = headers.get("content-type");
  if (type === null) return text === "" ? [] : ["a body without a type"];
  const media = content[type] ?? content[type.split(";")[0] ?? ""];
  if (!media) return [`says nothing of ${type}`];
  return type.includes("json") ? schemaProblems(JSON.parse(text), media.schema, document) : [];
}
