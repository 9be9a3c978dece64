import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { type DeviceState, deviceState, type StateStore } from "./device-state.ts";
import type { FileSystem } from "./file-system.ts";
import { type Found, findState } from "./find-state.ts";
import { type Lasting, lastingOf, raisedTo } from "./lasting.ts";
import { seal } from "./sealed.ts";
import { mostStateBytes, type StatePlaces, statePlaces } from "./state-places.ts";
import { makeLastingFolder, writeLasting } from "./write-whole.ts";

export type OpenStateOptions = { readonly fs: FileSystem; readonly folder: string };

/** Anything but `whole` and `fresh` is to be told loudly; after `lost` models are rebuilt from what is on the shelf. */
export type OpenedState = StateStore & { readonly found: Found };

/**
 * The device's state, replaced as a whole with each change. `device.before.json` is the one before it, `lasting.json`
 * has once more what only ever grows; all of them are new, old or away after a power cut, and never half.
 */
export async function openState({ fs, folder }: OpenStateOptions): Promise<OpenedState> {
  const places = statePlaces(folder);
  await makeRoom(fs, folder, places.folder);
  const { found, state: first, newestHolds } = await findState(fs, places);
  const write = stateWriter(fs, places, newestHolds);
  let state = first;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const changeNow = async (next: (state: DeviceState) => DeviceState): Promise<DeviceState> => {
    const wanted = checked(next(state), state);
    if (wanted === state) return state;
    await write(wanted);
    state = wanted;
    return state;
  };
  return {
    found,
    get state() {
      return state;
    },
    change: (next) => {
      if (isClosed) return Promise.reject(new TradewindError("draining", "the device's state is closed"));
      const changed = last.then(() => changeNow(next));
      last = changed.catch(() => undefined);
      return changed;
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      await last;
    },
  };
}

/** A disk that takes nothing more may still have all that is needed. */
async function makeRoom(fs: FileSystem, ...folders: readonly string[]): Promise<void> {
  try {
    for (const folder of folders) await makeLastingFolder(fs, folder);
  } catch (error) {
    if (asTradewindError(error).code !== "disk_full") throw error;
  }
}

/** Never lower than it was, one more, and such as can be read again. */
function checked(wanted: DeviceState, now: DeviceState): DeviceState {
  if (wanted === now) return now;
  const next = { ...raisedTo(wanted, lastingOf(now)), generation: now.generation + 1 };
  const { success, data, error } = deviceState.safeParse(next);
  if (success && JSON.stringify(data).length < mostStateBytes) return data;
  throw new TradewindError("internal", "a change of the device's state makes no state of it", {
    cause: error,
  });
}

/**
 * All content is on disk before any name moves, so a full disk is found while nothing has changed. What holds becomes
 * the one before; what does not hold, or is not known to, is only replaced.
 */
function stateWriter(
  fs: FileSystem,
  { folder, newest, before, lasting }: StatePlaces,
  newestHolds: boolean,
): (next: DeviceState) => Promise<void> {
  let known = "";
  let holds = newestHolds;
  return async (next) => {
    const grown = lastingOf(next);
    const isGrown = growth(grown) !== known;
    if (isGrown) await writeLasting(fs, part(lasting), seal(grown));
    await writeLasting(fs, part(newest), seal(next));
    const mayMove = holds;
    holds = false;
    if (isGrown) await fs.rename(part(lasting), lasting);
    if (mayMove) await fs.rename(newest, before);
    await fs.rename(part(newest), newest);
    await fs.syncFolder(folder);
    known = growth(grown);
    holds = true;
  };
}

function part(path: string): string {
  return `${path}.part`;
}

/** When lists were last found fresh is no floor, and by itself no reason to write. */
function growth({ generation: _, trust: { checkedAtMs: _checked, ...trust }, ...rest }: Lasting): string {
  return JSON.stringify({ ...rest, trust });
}
