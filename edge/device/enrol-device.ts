import { TradewindError } from "#infra/runtime/errors.ts";
import type { StateStore } from "../store/device-state.ts";
import type { FileSystem } from "../store/file-system.ts";
import type { DeviceKeys } from "./device-keys.ts";
import { expectRoot, type FirstRootPlace, readFirstRoot } from "./first-root.ts";
import type { GatewayClient } from "./gateway-client.ts";
import { type EnrolToken, readToken } from "./read-token.ts";

export type EnrolDeviceOptions = {
  readonly token: string;
  readonly hardware: string;
  readonly agent: string;
  readonly signal: AbortSignal;
};

export type EnrolDeviceDeps = {
  readonly fs: FileSystem;
  readonly folder: string;
  readonly keys: DeviceKeys;
  readonly client: Pick<GatewayClient, "enrol">;
  readonly store: Pick<StateStore, "change">;
};

/**
 * A folder becomes a device's: which root it trusts and its key lie on the disk before the token is spent, so that a cut
 * at any moment, or an answer that was lost, leaves a device that may ask again with the same token.
 */
export async function enrolDevice(
  { token: text, hardware, agent, signal }: EnrolDeviceOptions,
  { fs, folder, keys, client, store }: EnrolDeviceDeps,
): Promise<void> {
  const { token, rootSha256 } = readToken(text);
  await knowRoot({ fs, folder }, rootSha256);
  const hadKey = keys.current() !== undefined;
  const ask = () => client.enrol({ token, hardware, agent }, { signal });
  const { device } = await ask().catch(async (error: unknown) => {
    if (!hadKey || !isRefused(error)) throw error;
    // The key that lies here may be one of a device that was: such a key is never enrolled again.
    await keys.startOver();
    return await ask();
  });
  await store.change((state) => ({ ...state, identity: { ...state.identity, device } }));
}

/** A device takes no root but the one that was named to it, so a token that names none is of no use without a root here. */
async function knowRoot(place: FirstRootPlace, named: EnrolToken["rootSha256"]): Promise<void> {
  if (named !== undefined) return await expectRoot(place, named);
  if (await readFirstRoot(place)) return;
  throw new TradewindError("enrolment_refused", "this token names no first root, and none was brought here", {
    hint: "add --root FILE with the repository's metadata/1.root.json, or take a token of tradewind devices enrol --store URL",
  });
}

/** A name without the key that it was given for is none: with a token such a folder becomes another device. */
export function isEnrolled({
  store,
  keys,
}: {
  readonly store: Pick<StateStore, "state">;
  readonly keys: Pick<DeviceKeys, "current">;
}): boolean {
  return store.state.identity.device !== null && keys.current() !== undefined;
}

export function isRefused(error: unknown): boolean {
  return error instanceof TradewindError && error.code === "enrolment_refused";
}
