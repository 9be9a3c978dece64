import type { Context } from "hono";
import type { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import { readBody } from "#infra/runtime/read-body.ts";

/** The largest tenant that the schemas allow fits in, written with generous spaces. */
const maxBytes = 131_072;

/** A JSON body as its schema wants it, or everything that is wrong with it. */
export async function readJson<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
  { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {},
): Promise<z.output<Schema>> {
  const body = await readBody(c, { maxBytes, timeoutMs: 10_000 }).catch((error: unknown) => {
    if (mayBeEmpty && error instanceof TradewindError && error.code === "body_empty") return "{}";
    throw error;
  });
  return check(schema, parseJson(body.toString()));
}

/** The query, in which each name may stand once. */
export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  const given = Object.entries(c.req.queries());
  const twice = given.find(([, values]) => values.length > 1);
  if (twice) throw new TradewindError("parameter_invalid", `${twice[0].slice(0, 64)}: stands there twice`);
  return check(schema, Object.fromEntries(given.map(([name, [value]]) => [name, value])));
}

export function readParams<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  return check(schema, c.req.param());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TradewindError("request_malformed", "the body is no JSON", { cause });
  }
}

/** More would hide the first ones. */
const mostProblems = 20;

function check<Schema extends z.ZodType>(schema: Schema, data: unknown): z.output<Schema> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const shown = issues.slice(0, mostProblems).map(problem);
  const left = issues.length - shown.length;
  const more = left > 0 ? [`and ${left} more`] : [];
  throw new TradewindError("parameter_invalid", [...shown, ...more].join("; "));
}

/** Names and texts in it are the caller's, so they are kept short. */
function problem({ path, message }: z.core.$ZodIssue): string {
  const where = path.map(String).join(".").slice(0, 100);
  const what = message.slice(0, 200);
  return where === "" ? what : `${where}: ${what}`;
}
