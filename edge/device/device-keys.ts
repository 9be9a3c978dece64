import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { dirname, join } from "node:path";
import type { FileSystem } from "../store/file-system.ts";
import { isMissing } from "../store/foreign-code.ts";
import { makeLastingFolder, writeWhole } from "../store/write-whole.ts";

export type HeldKey = { readonly key: KeyObject; readonly madeAtMs: number };

/**
 * The device's keys, which never leave it:
 *
 *   none --make--> one --make--> one and its successor --turn--> the successor
 *
 * A successor lies on the disk before the gateway hears of it. After a power cut nobody here knows whether it did, so
 * both are kept until one of them is known to be good.
 */
export type DeviceKeys = {
  readonly current: () => HeldKey | undefined;
  readonly successor: () => HeldKey | undefined;
  /** Makes what is missing: the first key, or the one to come. */
  readonly make: () => Promise<HeldKey>;
  /** The successor takes the place of the current one, which is gone then. */
  readonly turn: () => Promise<void>;
  /** A key that nobody knows yet in the place of all that were, for a device that enrols anew. */
  readonly startOver: () => Promise<void>;
};

export type DeviceKeysOptions = {
  readonly fs: FileSystem;
  /** The device's folder; the keys lie in `keys/` below it. */
  readonly folder: string;
  readonly now: () => number;
};

/** Reads what is there. A file that holds no key counts as none: the device enrols anew then, and answers meanwhile. */
export async function openDeviceKeys({ fs, folder, now }: DeviceKeysOptions): Promise<DeviceKeys> {
  const paths = { current: join(folder, "keys/device.pem"), successor: join(folder, "keys/device.next.pem") };
  let current = await readKey(fs, paths.current);
  let successor = await readKey(fs, paths.successor);
  const turn = async (): Promise<void> => {
    if (!successor) return;
    await fs.rename(paths.successor, paths.current);
    // Whether or not that lasts already: there is no successor to rename any more.
    [current, successor] = [successor, undefined];
    await fs.syncFolder(dirname(paths.current));
  };
  const makeAt = async (path: string): Promise<HeldKey> => {
    const made = { key: generateKeyPairSync("ed25519").privateKey, madeAtMs: now() };
    await makeLastingFolder(fs, dirname(path));
    await writeWhole(fs, path, textOf(made));
    return made;
  };
  // Without the key it was to follow it is the only one there is.
  if (!current) await turn();
  return {
    current: () => current,
    successor: () => successor,
    turn,
    make: async () => {
      const made = await makeAt(current ? paths.successor : paths.current);
      if (current) successor = made;
      else current = made;
      return made;
    },
    startOver: async () => {
      await fs.remove(paths.successor);
      current = await makeAt(paths.current);
      successor = undefined;
    },
  };
}

/** No key is as long as that. */
const maxBytes = 4_096;

async function readKey(fs: FileSystem, path: string): Promise<HeldKey | undefined> {
  try {
    const text = Buffer.from(await fs.read(path, { maxBytes })).toString("latin1");
    const key = createPrivateKey(text);
    const [, madeAtMs = "0"] = /^made: (\d{1,15})$/m.exec(text) ?? [];
    return key.asymmetricKeyType === "ed25519" ? { key, madeAtMs: Number(madeAtMs) } : undefined;
  } catch (error) {
    if (isMissing(error) || isNoKey(error)) return undefined;
    throw error;
  }
}

/** What OpenSSL says of text that is none of its own. */
function isNoKey(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^ERR_(OSSL|CRYPTO|INVALID)/.test(String(error.code));
}

/** A PEM file may begin with lines about it; so what is known of a key is never apart from it. */
function textOf({ key, madeAtMs }: HeldKey): Buffer {
  return Buffer.from(`made: ${madeAtMs}\n${key.export({ type: "pkcs8", format: "pem" })}`);
}
