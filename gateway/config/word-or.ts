import { z } from "zod";

type WordOr<Word extends z.ZodType, Settings extends z.ZodType> = z.ZodPipe<
  z.ZodUnknown,
  z.ZodTransform<z.output<Word> | z.output<Settings>, unknown>
>;

/**
 * A word, or settings in its place. What is wrong in the settings is named where it stands; a plain union would only say
 * that neither fits.
 */
export function wordOr<Word extends z.ZodType, Settings extends z.ZodType>(
  word: Word,
  settings: Settings,
): WordOr<Word, Settings> {
  return z
    .unknown()
    .transform((given, context): z.output<Word> | z.output<Settings> => {
      const read = (typeof given === "string" ? word : settings).safeParse(given);
      if (read.success) return read.data;
      for (const issue of read.error.issues) context.addIssue(again(issue));
      return z.NEVER;
    })
    .meta({ anyOf: [schemaOf(word), schemaOf(settings)] });
}

/** `off`, or settings in its place. */
export function offOr<Settings extends z.ZodType>(settings: Settings): WordOr<z.ZodLiteral<"off">, Settings> {
  return wordOr(z.literal("off", { error: 'expected "off", or settings in its place' }), settings);
}

/** Its own code is kept only where whoever reads it asks for more than the message. */
function again(issue: z.core.$ZodIssue): Parameters<z.core.$RefinementCtx["addIssue"]>[0] {
  const { path, message } = issue;
  if (issue.code !== "unrecognized_keys") return { code: "custom", path, message };
  return { code: "unrecognized_keys", keys: issue.keys, path, message, input: {} };
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
