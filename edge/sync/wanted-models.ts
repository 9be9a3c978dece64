import type { SyncParts } from "./sync-parts.ts";

/** Whose lists are wanted: what runs or is kept, and what is planned. */
export function wantedModels({ store, memo, only }: Pick<SyncParts, "store" | "memo" | "only">): string[] {
  const planned = memo.plan?.models.map(({ model }) => model) ?? [];
  const names = new Set([...Object.keys(store.state.models), ...planned]);
  return [...names].filter((name) => only === undefined || only.includes(name));
}
