import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { StateStore } from "../store/device-state.ts";
import type { DeviceKeys } from "./device-keys.ts";
import type { GatewayClient } from "./gateway-client.ts";

export type RenewKeyDeps = {
  readonly store: Pick<StateStore, "state">;
  readonly keys: DeviceKeys;
  readonly client: Pick<GatewayClient, "rotate">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Pick<Log, "info">;
};

const keptMs = 30 * 86_400_000;

/** A key is used for a month; a change that was cut short is brought to its end, whenever it began. */
export async function renewKey(
  { store, keys, client, clock, log }: RenewKeyDeps,
  { signal, isWished = false }: { readonly signal: AbortSignal; readonly isWished?: boolean },
): Promise<void> {
  const key = keys.current();
  if (store.state.identity.device === null || !key) return;
  // A clock that was off when the key was made, or is now, makes it neither old nor eternal.
  const age = clock.now() - key.madeAtMs;
  const isOld = age > keptMs || age < -keptMs;
  if (!isOld && !isWished && !keys.successor()) return;
  await client.rotate({ signal });
  await keys.turn();
  log.info("this device has a new key");
}
