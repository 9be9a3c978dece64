import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { FileSystem } from "../store/file-system.ts";
import { foreignCode } from "../store/foreign-code.ts";

/**
 * Runs what writes a part. On a disk without room the part goes first, since what answers now and the device's state
 * need the room more; any other trouble leaves it for the next try.
 */
export async function onDisk<Result>(
  { fs, path }: { readonly fs: FileSystem; readonly path: string },
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!hasNoRoom(error)) throw error;
    await fs.remove(path).catch(() => undefined);
    throw full(error, path);
  }
}

/** Said by the system; what was only expected to be too little left the part as it was. */
function hasNoRoom(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(foreignCode(error) ?? "");
}

function full(error: unknown, path: string): TradewindError {
  const ours = asTradewindError(error);
  if (ours.code === "disk_full") return ours;
  const hint = "make room on this disk; until then the device goes on with what it has";
  return new TradewindError("disk_full", `cannot write ${path}`, { cause: error, hint });
}
