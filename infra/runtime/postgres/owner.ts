import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "../errors.ts";

/** Who holds a data folder: a process, by its number and by when it began, since numbers are used again. */
type Owner = { readonly pid: number; readonly began: string };

/**
 * Takes the folder for this process until disposed, or says which living process has it. The owner's file appears
 * whole (it is linked into place), and a dead owner's is moved away before it is looked at again, so that of two who
 * find it dead only one can take the folder.
 */
export async function takeFolder(folder: string): Promise<AsyncDisposable> {
  const file = join(folder, "owner");
  const mine = JSON.stringify({ pid: process.pid, began: await beginningOf(process.pid) });
  for (let tries = 0; tries < 5; tries += 1) {
    if (await linkInto(file, mine)) return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    const owner = parseOwner(await readFile(file, "utf8").catch(() => ""));
    if (owner && (await isAlive(owner))) throw inUse(folder, owner);
    await removeDead(file);
  }
  throw new TradewindError("folder_unusable", `${folder} is being taken by several processes at once`);
}

async function linkInto(file: string, text: string): Promise<boolean> {
  const draft = `${file}.${process.pid}`;
  try {
    await writeFile(draft, text, { mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    throw new TradewindError("folder_unusable", `cannot write to ${file} (${reason})`, { cause });
  } finally {
    await rm(draft, { force: true });
  }
}

/** What was moved away may by now be a living owner's file: then it goes back. */
async function removeDead(file: string): Promise<void> {
  const aside = `${file}.${process.pid}.dead`;
  const moved = await rename(file, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  const owner = parseOwner(await readFile(aside, "utf8").catch(() => ""));
  if (owner && (await isAlive(owner))) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

function inUse(folder: string, { pid }: Owner): TradewindError {
  const hint = "stop that one first, or choose another folder with --data";
  return new TradewindError("folder_unusable", `${folder} is in use by process ${pid}`, { hint });
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, began } = JSON.parse(text) as Partial<Owner>;
    return typeof pid === "number" && typeof began === "string" ? { pid, began } : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, began }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return (await beginningOf(pid)) === began;
}

/** When a process began, in clock ticks since boot; elsewhere than on Linux the number alone must do. */
async function beginningOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
