import { isDeepStrictEqual } from "node:util";

type Schema = Readonly<Record<string, unknown>>;

/**
 * Where a value is not what a schema of JSON Schema 2020-12 wants, a line each; for the words that our document uses,
 * and it throws at any other, so that nothing is thought to be checked that is not.
 */
export function schemaProblems(value: unknown, schema: unknown, root: Schema, at = "$"): string[] {
  if (schema === true || schema === undefined) return [];
  if (schema === false) return [`${at} may not be there`];
  return Object.entries(schema as Schema).flatMap(([word, wanted]) => {
    const rule = rules[word];
    if (!rule) throw new Error(`${at}: the word "${word}" is unknown to this check`);
    return rule({ value, wanted, schema: schema as Schema, root, at });
  });
}

type Ask = {
  readonly value: unknown;
  readonly wanted: unknown;
  readonly schema: Schema;
  readonly root: Schema;
  readonly at: string;
};

type Rule = (ask: Ask) => string[];

const silent: Rule = () => [];

const no = (at: string, what: string): string[] => [`${at} ${what}`];

const rules: Readonly<Record<string, Rule>> = {
  $ref: ({ value, wanted, root, at }) => schemaProblems(value, resolve(root, String(wanted)), root, at),
  type: ({ value, wanted, at }) =>
    [wanted].flat().some((type) => isA(value, String(type)))
      ? []
      : no(at, `is ${JSON.stringify(value)?.slice(0, 60)}, no ${[wanted].flat().join(" or ")}`),
  const: ({ value, wanted, at }) =>
    isDeepStrictEqual(value, wanted) ? [] : no(at, `is not ${JSON.stringify(wanted)}`),
  enum: ({ value, wanted, at }) =>
    (wanted as unknown[]).some((one) => isDeepStrictEqual(value, one))
      ? []
      : no(at, `${JSON.stringify(value)} is none of ${JSON.stringify(wanted)}`),
  anyOf: ({ value, wanted, root, at }) => {
    const each = (wanted as unknown[]).map((one) => schemaProblems(value, one, root, at));
    return each.some((problems) => problems.length === 0) ? [] : no(at, `fits none: ${JSON.stringify(each)}`);
  },
  allOf: ({ value, wanted, root, at }) =>
    (wanted as unknown[]).flatMap((one) => schemaProblems(value, one, root, at)),
  properties: ({ value, wanted, root, at }) =>
    isObject(value)
      ? Object.entries(wanted as Schema).flatMap(([name, one]) =>
          Object.hasOwn(value, name) ? schemaProblems(value[name], one, root, `${at}.${name}`) : [],
        )
      : [],
  required: ({ value, wanted, at }) =>
    isObject(value)
      ? (wanted as string[])
          .filter((name) => !Object.hasOwn(value, name))
          .map((name) => `${at} lacks ${name}`)
      : [],
  additionalProperties: ({ value, wanted, schema, root, at }) =>
    isObject(value)
      ? Object.keys(value)
          .filter((name) => !Object.hasOwn((schema.properties as Schema | undefined) ?? {}, name))
          .flatMap((name) => schemaProblems(value[name], wanted, root, `${at}.${name}`))
      : [],
  propertyNames: ({ value, wanted, root, at }) =>
    isObject(value) ? Object.keys(value).flatMap((name) => schemaProblems(name, wanted, root, at)) : [],
  prefixItems: ({ value, wanted, root, at }) =>
    Array.isArray(value)
      ? (wanted as unknown[]).flatMap((one, index) =>
          index < value.length ? schemaProblems(value[index], one, root, `${at}[${index}]`) : [],
        )
      : [],
  items: ({ value, wanted, schema, root, at }) =>
    Array.isArray(value)
      ? value
          .slice((schema.prefixItems as unknown[] | undefined)?.length ?? 0)
          .flatMap((one, index) => schemaProblems(one, wanted, root, `${at}[${index}]`))
      : [],
  minimum: ({ value, wanted, at }) =>
    typeof value === "number" && value < Number(wanted) ? no(at, `${value} is below ${wanted}`) : [],
  maximum: ({ value, wanted, at }) =>
    typeof value === "number" && value > Number(wanted) ? no(at, `${value} is above ${wanted}`) : [],
  minLength: ({ value, wanted, at }) =>
    typeof value === "string" && value.length < Number(wanted) ? no(at, "is too short") : [],
  maxLength: ({ value, wanted, at }) =>
    typeof value === "string" && value.length > Number(wanted) ? no(at, "is too long") : [],
  minItems: ({ value, wanted, at }) =>
    Array.isArray(value) && value.length < Number(wanted) ? no(at, `has fewer than ${wanted}`) : [],
  maxItems: ({ value, wanted, at }) =>
    Array.isArray(value) && value.length > Number(wanted) ? no(at, `has more than ${wanted}`) : [],
  pattern: ({ value, wanted, at }) =>
    typeof value === "string" && !new RegExp(String(wanted), "u").test(value)
      ? no(at, `does not match ${wanted}`)
      : [],
  description: silent,
  default: silent,
  examples: silent,
  format: silent,
  contentMediaType: silent,
};

function resolve(root: Schema, reference: string): unknown {
  let found: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    found = (found as Schema | undefined)?.[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  if (found === undefined) throw new Error(`${reference} leads nowhere`);
  return found;
}

function isA(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
