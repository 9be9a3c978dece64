import type { DeviceState } from "#edge/store/device-state.ts";

/** What a device was told that it has, at one moment: each of these must outlast a power cut. */
export type Claims = {
  /** The newest state that `change` answered with. */
  readonly state: DeviceState | undefined;
  /** States that were asked for, by generation: a cut may leave the newest of them too. */
  readonly asked: ReadonlyMap<number, DeviceState>;
  /** Files that `put` answered for and nobody has begun to remove. */
  readonly shelved: ReadonlySet<string>;
  /** The device's key, or either of two while they change places. */
  readonly keys: ReadonlySet<string>;
};

export const noClaims: Claims = {
  state: undefined,
  asked: new Map(),
  shelved: new Set(),
  keys: new Set(),
};
