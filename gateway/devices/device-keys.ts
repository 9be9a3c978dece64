import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createGate } from "#infra/runtime/gate.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { BoundedStore } from "#infra/runtime/soft-state/bounded-store.ts";
import { findDeviceKey, type OwnedKey } from "../records/device-keys.ts";

/**
 * Keys of devices by their thumbprints. What is remembered never changes: whether a key is still good, and its device,
 * is asked of the records with each call, so nothing has to be forgotten in time.
 */
export type DeviceKeys = {
  /** Throws where no device on record has it. */
  readonly find: (kid: string, options: { readonly signal: AbortSignal }) => Promise<OwnedKey>;
};

export type DeviceKeysDeps = {
  readonly database: Database;
  readonly clock: Clock;
  readonly most?: number;
};

const hourMs = 3_600_000;

export function createDeviceKeys({ database, clock, most = 20_000 }: DeviceKeysDeps): DeviceKeys {
  const known = new BoundedStore<OwnedKey>({
    clock,
    maxEntries: most,
    maxBytes: 64 * 1_048_576,
    weigh: () => 300,
  });
  // Whoever makes up keys has us ask for each: the others' connections are not for that.
  const gate = createGate(2);
  return {
    find: async (kid, { signal }) => {
      const held = known.get(kid)?.value;
      if (held) return held;
      const found = await gate(() => findDeviceKey(database.query, kid, { signal }));
      if (!found) throw new TradewindError("proof_refused", "no device on record has the proof's key");
      known.set(kid, found, { ttlMs: hourMs });
      return found;
    },
  };
}
