import { modelOf } from "../store/model-state.ts";
import type { SyncParts } from "./sync-parts.ts";

type Turning = Pick<SyncParts, "store" | "shelf" | "running" | "builtIn" | "memo">;

/** Built-in models carry no release of the repository. */
export const builtInRelease = 0;

/**
 * Has a model answer that the state names: the active one, else what came with the device, else none. What cannot be
 * opened is an error, and what ran goes on.
 */
export async function turnModel(
  name: string,
  { store, shelf, running, builtIn, memo }: Turning,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const { active } = modelOf(store.state, name);
  const now = running.find(name);
  if (active && now?.sha256 === active.sha256 && now.release === active.release) return;
  if (active && !memo.damaged.has(active.sha256)) {
    const { release, version, sha256 } = active;
    return await running.turnTo(
      { name, version, path: shelf.modelPath(sha256), release, sha256 },
      { signal },
    );
  }
  // A damaged file is on its way again; what runs in its place may go on meanwhile.
  if (active && now) return;
  await runBuiltIn(name, { running, builtIn }, { signal });
}

export async function runBuiltIn(
  name: string,
  { running, builtIn }: Pick<Turning, "running" | "builtIn">,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const own = builtIn.get(name);
  if (!own) return await running.drop(name);
  const sha256 = `built-in:${own.path}`;
  if (running.find(name)?.sha256 === sha256) return;
  const { version, path } = own;
  await running.turnTo({ name, version, path, release: builtInRelease, sha256 }, { signal });
}
