import type { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";

/** A body that its proof was checked against, as its schema wants it. */
export function readProved<Schema extends z.ZodType>(body: Buffer, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(jsonIn(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join(".").slice(0, 100) ?? "";
  const what = issue?.message.slice(0, 200) ?? "expected something else";
  throw new TradewindError("parameter_invalid", where === "" ? what : `${where}: ${what}`);
}

function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw new TradewindError("request_malformed", "the body is no JSON", { cause });
  }
}
