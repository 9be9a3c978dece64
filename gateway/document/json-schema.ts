import { z } from "zod";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema as the document writes it, and beside it the named ones that it refers to. */
export type WrittenSchema = {
  readonly schema: JsonSchema;
  readonly named: Readonly<Record<string, JsonSchema>>;
};

/** By zod's own writer, since it knows of defaults, exact optionals and tuples what other writers don't. */
export function writeSchema(type: z.ZodType, io: "input" | "output"): WrittenSchema {
  const { $schema: _, ...written } = z.toJSONSchema(type, {
    io,
    target: "draft-2020-12",
    unrepresentable: "any",
    override: tidy,
  });
  const { $defs: named = {}, ...schema } = inComponents(written);
  return { schema, named: named as WrittenSchema["named"] };
}

type Overriding = { readonly jsonSchema: z.core.JSONSchema.BaseSchema };

/** Leaves out what is true of every whole number of JavaScript, and patterns that a format says in a word. */
function tidy({ jsonSchema }: Overriding): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  if (Object.keys(jsonSchema.propertyNames ?? {}).join() === "type") delete jsonSchema.propertyNames;
}

function inComponents(written: object): JsonSchema {
  return JSON.parse(JSON.stringify(written), (name, value) =>
    name === "$ref" && typeof value === "string" ? value.replace("#/$defs/", "#/components/schemas/") : value,
  );
}
