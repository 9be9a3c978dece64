import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";

const form = "expected letters, digits, dot, dash and underscore";

export const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, form);

/** What is declared under names. */
export function named<Schema extends z.ZodType>(schema: Schema): z.ZodRecord<typeof name, Schema> {
  return z.record(name, schema, { error: ({ code }) => (code === "invalid_key" ? form : undefined) });
}

export const withinAnHour = durationUpTo("1h");
