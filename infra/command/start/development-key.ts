import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createApiKey, hashKey, looksLikeKey } from "#gateway/records/api-key.ts";
import { readKeys, storeKey } from "#gateway/records/keys.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";

/**
 * The key of this machine's developer: the database holds its hash as of any other key, and the text lies beside the
 * data for its owner alone, so that a second start can print the same command again.
 */
export async function developmentKey(
  database: Database,
  {
    folder,
    chance,
    signal,
  }: { readonly folder: string; readonly chance: Chance; readonly signal: AbortSignal },
): Promise<string> {
  const file = join(folder, "development-key");
  const kept = (await readFile(file, "utf8").catch(() => "")).trim();
  const fresh = createApiKey("development", chance);
  const text = looksLikeKey(kept) ? kept : fresh.text;
  const id = text.split("_")[1] ?? fresh.record.id;
  await storeKey(database, { id, name: "development", hash: hashKey(text) }, { signal });
  const active = await readKeys(database, { signal });
  if (active.some(({ hash }) => hash === hashKey(text))) {
    if (text !== kept) await keep(file, text);
    return text;
  }
  // The kept one was revoked: its owner wants another, not a command that fails for ever.
  await storeKey(database, fresh.record, { signal });
  await keep(file, fresh.text);
  return fresh.text;
}

async function keep(file: string, text: string): Promise<void> {
  const draft = `${file}.draft`;
  try {
    await writeFile(draft, `${text}\n`, { mode: 0o600 });
    await rename(draft, file);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    throw new TradewindError("folder_unusable", `cannot write ${file} (${reason})`, { cause });
  }
}
