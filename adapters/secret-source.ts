import { readFile } from "node:fs/promises";
import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Surroundings } from "./surroundings.ts";

/** Where a secret lies; a configuration names the place and never holds the secret itself. */
export const secretSource = z
  .union([
    z.strictObject({ env: z.string().regex(/^[A-Z_][A-Z0-9_]{0,127}$/, "expected the name of a variable") }),
    z.strictObject({ file: z.string().min(1).max(4_096) }),
  ])
  .meta({ id: "secret" })
  .describe("where a secret lies: the name of a variable of the environment, or a file");

export type SecretSource = z.output<typeof secretSource>;

/** As it is now; whoever wants a changed one asks again. */
export async function readSecret(source: SecretSource, { env }: Pick<Surroundings, "env">): Promise<string> {
  const secret = "env" in source ? env[source.env] : await fromFile(source.file);
  if (secret !== undefined && secret.trim() !== "") return secret.trim();
  const place = "env" in source ? `the variable ${source.env}` : `the file ${source.file}`;
  throw new TradewindError("config_invalid", `${place} holds no secret`, {
    hint: "set it for the process that reads this configuration",
  });
}

async function fromFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new TradewindError("config_invalid", `the secret in ${file} cannot be read`, { cause });
  }
}
