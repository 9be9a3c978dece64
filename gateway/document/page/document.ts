import type { JsonSchema } from "../json-schema.ts";

/** Of an OpenAPI document what the page shows. */
export type ApiDocument = {
  readonly info: { readonly title: string; readonly description?: string };
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas?: Readonly<Record<string, JsonSchema>>;
    readonly headers?: Readonly<Record<string, { readonly description?: string }>>;
    readonly securitySchemes?: Readonly<Record<string, { readonly description?: string }>>;
  };
};

export type Operation = {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly description?: string; readonly content: Content };
  readonly responses: Readonly<Record<string, ApiResponse>>;
};

export type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly schema: JsonSchema;
};

export type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly example?: unknown }>>;

export type ApiResponse = {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Content;
};

/** One operation with where it stands. */
export type Placed = { readonly method: string; readonly path: string; readonly operation: Operation };

export function operationsOf({ paths }: Pick<ApiDocument, "paths">): Placed[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}
