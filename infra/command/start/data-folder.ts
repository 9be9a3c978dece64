import { access, constants, mkdir } from "node:fs/promises";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Makes the folder where a laptop's data lies, readable by its owner alone, or says why that can't be. */
export async function prepareDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const hint = "choose another with --data";
    throw new TradewindError("folder_unusable", `cannot write to the data folder ${folder} (${reason})`, {
      cause,
      hint,
    });
  }
}
