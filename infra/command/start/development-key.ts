import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scopes } from "#gateway/caller.ts";
import { createApiKey, hashKey, looksLikeKey } from "#gateway/records/api-key.ts";
import { storeKey, widenKey } from "#gateway/records/keys.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";

const actor = { id: "tradewind start" };

/**
 * The key of this machine's developer: the database holds its hash as of any other key, and the text lies beside the
 * data for its owner alone, so that a second start can print the same command again. It may do everything.
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
  const kept = await readKept(file);
  const fresh = createApiKey("development", chance, { scopes });
  const text = looksLikeKey(kept) ? kept : fresh.text;
  const id = text.split("_")[1] ?? fresh.record.id;
  const record = { ...fresh.record, id, hash: hashKey(text) };
  await storeKey(database, record, { actor, signal });
  if (await widenKey(database, record, { signal })) {
    if (text !== kept) await keep(file, text);
    return text;
  }
  // The kept one was revoked: its owner wants another, not a command that fails for ever.
  await storeKey(database, fresh.record, { actor, signal });
  await keep(file, fresh.text);
  return fresh.text;
}

/** What is there but cannot be read is told before the database gets a key whose text nobody would have. */
async function readKept(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw unusable("read", file, cause);
  }
}

/** A draft that a crash left behind would keep its own rights, so it goes first. */
async function keep(file: string, text: string): Promise<void> {
  const draft = `${file}.draft`;
  try {
    await rm(draft, { force: true });
    await writeFile(draft, `${text}\n`, { mode: 0o600, flag: "wx" });
    await rename(draft, file);
  } catch (cause) {
    throw unusable("write", file, cause);
  }
}

function unusable(deed: string, file: string, cause: unknown): TradewindError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  return new TradewindError("folder_unusable", `cannot ${deed} ${file} (${reason})`, { cause });
}
