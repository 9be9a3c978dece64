import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TradewindError } from "../errors.ts";

/** Who holds a data folder: a process, by its number and by when it began, since numbers are used again. */
type Owner = { readonly pid: number; readonly began: string };

/** Takes the folder for this process until disposed, or says which living process has it. */
export async function takeFolder(folder: string): Promise<AsyncDisposable> {
  const file = join(folder, "owner");
  const mine = { pid: process.pid, began: await beginningOf(process.pid) };
  for (let tries = 0; tries < 3; tries += 1) {
    if (await writeNew(file, JSON.stringify(mine)))
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    const owner = parseOwner(await readFile(file, "utf8").catch(() => ""));
    if (owner && (await isAlive(owner))) {
      const hint = "stop that one first, or choose another folder with --data";
      throw new TradewindError("folder_unusable", `${folder} is in use by process ${owner.pid}`, { hint });
    }
    await rm(file, { force: true });
  }
  throw new TradewindError("folder_unusable", `${folder} is being taken by several processes at once`);
}

async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    throw new TradewindError("folder_unusable", `cannot write to ${file} (${reason})`, { cause });
  }
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
