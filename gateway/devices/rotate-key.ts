import type { z } from "zod";
import {
  checkProof,
  isCanonical,
  type Proof,
  type ProvedCall,
  readProof,
} from "#infra/runtime/devices/proof.ts";
import { type DeviceKey, type rotateAnswer, rotateAsk } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { rotateDeviceKey } from "../records/device-keys.ts";
import type { Known } from "./know-device.ts";
import { refused } from "./know-device.ts";
import { readProved } from "./read-proved.ts";

export type RotateCall = Pick<ProvedCall, "method" | "path"> & {
  /** By the key that is to follow. */
  readonly newProof: string | undefined;
  readonly signal: AbortSignal;
};

/** A device that was let in names the key that it will come with; both are good for a while. */
export async function rotateKey(
  { device, proof, body }: Pick<Known, "device" | "proof" | "body">,
  { method, path, newProof, signal }: RotateCall,
  { database }: { readonly database: Database },
): Promise<z.output<typeof rotateAnswer>> {
  const { key } = readProved(body, rotateAsk);
  if (!isCanonical(key))
    throw new TradewindError("parameter_invalid", "key.x: expected it in canonical form");
  await checkSuccessor(proof, newProof, { method, path, body }, key);
  const { endsAt } = await rotateDeviceKey(database, { device: device.id, by: device.kid, key }, { signal });
  return { device: device.id, bothUntil: endsAt.getTime() };
}

/** Bound to the old key's proof by its number and id, the new one's is as fresh and is used as often. */
async function checkSuccessor(
  old: Proof,
  text: string | undefined,
  call: ProvedCall,
  key: DeviceKey,
): Promise<void> {
  if (text === undefined) throw refused("none by the new key came with the call");
  const proof = readProof(text);
  if (proof.sub !== old.sub || proof.n !== old.n || proof.jti !== old.jti)
    throw refused("the new key's does not belong to the old key's");
  await checkProof(proof, call, { key });
}
