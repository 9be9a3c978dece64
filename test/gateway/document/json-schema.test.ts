import { expect, test } from "vitest";
import { z } from "zod";
import { writeSchema } from "#gateway/document/json-schema.ts";
import { schemaProblems } from "./check-schema.ts";

test("a schema is written with its exact optionals, tuples and named parts", () => {
  const part = z.strictObject({ at: z.iso.datetime() }).meta({ id: "Part" });
  const whole = z.strictObject({
    pair: z.tuple([z.number(), z.int()]),
    parts: z.array(part),
    some: z.string().exactOptional(),
    usual: z.int().min(1).default(3),
  });
  expect(writeSchema(whole, "input")).toEqual({
    schema: {
      type: "object",
      properties: {
        pair: {
          type: "array",
          prefixItems: [{ type: "number" }, { type: "integer" }],
          minItems: 2,
          maxItems: 2,
          items: false,
        },
        parts: { type: "array", items: { $ref: "#/components/schemas/Part" } },
        some: { type: "string" },
        usual: { type: "integer", minimum: 1, default: 3 },
      },
      required: ["pair", "parts"],
      additionalProperties: false,
    },
    named: {
      Part: {
        type: "object",
        properties: { at: { type: "string", format: "date-time" } },
        required: ["at"],
        additionalProperties: false,
      },
    },
  });
  expect(writeSchema(whole, "output").schema).toMatchObject({ required: ["pair", "parts", "usual"] });
});

test.each([
  [{ type: "integer" }, 1.5],
  [{ type: ["string", "null"] }, 1],
  [{ enum: ["a"] }, "b"],
  [{ const: 1 }, 2],
  [{ anyOf: [{ type: "string" }, { type: "null" }] }, 1],
  [{ allOf: [{ type: "string" }, { maxLength: 1 }] }, "ab"],
  [{ required: ["a"] }, {}],
  [{ properties: { a: { type: "string" } } }, { a: 1 }],
  [{ properties: {}, additionalProperties: false }, { a: 1 }],
  [{ propertyNames: { pattern: "^b$" } }, { a: 1 }],
  [{ prefixItems: [{ type: "number" }], items: false }, [1, 2]],
  [{ items: { minimum: 1, maximum: 2 } }, [3]],
  [{ minItems: 1 }, []],
  [{ maxItems: 0 }, [1]],
  [{ minLength: 2 }, "a"],
  [{ $ref: "#/parts/one" }, "a"],
])("the check of answers finds by %j that %j is wrong", (schema, value) => {
  const root = { parts: { one: { type: "number" } } };
  expect(schemaProblems(value, schema, root)).not.toEqual([]);
});

test("the check of answers refuses a word that it does not know, and a reference that leads nowhere", () => {
  expect(() => schemaProblems(1, { multipleOf: 2 }, {})).toThrow('"multipleOf" is unknown');
  expect(() => schemaProblems(1, { $ref: "#/parts/none" }, {})).toThrow("leads nowhere");
});
