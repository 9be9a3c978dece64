import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { open } from "node:fs/promises";
import { platform } from "node:os";
import { dirname } from "node:path";
import { TradewindError } from "#infra/runtime/errors.ts";

/** An Ed25519 key that signs lists, under the name that lists give it. */
export type SigningKey = {
  /** SHA-256 over the key as lists write it. */
  readonly id: string;
  /** The public part, 32 bytes in hex. */
  readonly publicHex: string;
  readonly privateKey: KeyObject;
};

export function makeKey(): SigningKey {
  return signingKeyOf(generateKeyPairSync("ed25519").privateKey);
}

export function signingKeyOf(privateKey: KeyObject): SigningKey {
  const { x = "" } = privateKey.export({ format: "jwk" });
  const publicHex = Buffer.from(x, "base64url").toString("hex");
  return { id: keyIdOf(publicHex), publicHex, privateKey };
}

/** As lists write a public key, its fields in the order of canonical JSON. */
export function writtenKey(publicHex: string) {
  return { keytype: "ed25519", keyval: { public: publicHex }, scheme: "ed25519" };
}

export function keyIdOf(publicHex: string): string {
  return createHash("sha256")
    .update(JSON.stringify(writtenKey(publicHex)))
    .digest("hex");
}

export function signHex({ privateKey }: SigningKey, bytes: Uint8Array): string {
  return sign(undefined, bytes, privateKey).toString("hex");
}

/** The key that a PEM text holds; `place` is said when it holds none. */
export function readPem(pem: string, place: string): SigningKey {
  const key = parsePem(pem, place);
  if (key.asymmetricKeyType === "ed25519") return signingKeyOf(key);
  throw new TradewindError("signing_refused", `the key in ${place} is no Ed25519 key`, { hint: makeHint });
}

/** Refuses to lie on a disk where others of the machine may read along. */
export async function readKeyFile(path: string): Promise<SigningKey> {
  return readPem(await readOwnFile(path), path);
}

/** A new key for nobody but its owner; a file that is there is never replaced. */
export async function writeKeyFile(path: string): Promise<SigningKey> {
  const key = makeKey();
  try {
    await using file = await open(path, "wx", 0o600);
    await file.writeFile(key.privateKey.export({ format: "pem", type: "pkcs8" }));
    await file.sync();
    return key;
  } catch (cause) {
    if (isCoded(cause, "EEXIST")) {
      throw new TradewindError("record_exists", `there is a file ${path} already, which is never replaced`, {
        cause,
      });
    }
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): TradewindError {
  const folder = dirname(path);
  if (isCoded(cause, "ENOENT"))
    return new TradewindError(
      "folder_unusable",
      `the key cannot be written to ${path}: there is no folder ${folder}`,
      {
        cause,
        hint: `mkdir -m 700 ${folder}`,
      },
    );
  const why = cause instanceof Error && "code" in cause ? `: ${String(cause.code)}` : "";
  return new TradewindError("folder_unusable", `the key cannot be written to ${path}${why}`, { cause });
}

const makeHint = "make one with: tradewind models keys OUT.pem";

/** A key has some hundred bytes. */
const mostPemBytes = 10_000;

async function readOwnFile(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0 && !isWindows) throw tooOpen(path);
    if (size > mostPemBytes) throw new TradewindError("signing_refused", `${path} is too large to be a key`);
    return await file.readFile("utf8");
  } catch (cause) {
    if (cause instanceof TradewindError) throw cause;
    throw new TradewindError("signing_refused", `the key in ${path} cannot be read`, {
      cause,
      hint: makeHint,
    });
  }
}

/** Where files have no owner's bits. */
const isWindows = platform() === "win32";

function tooOpen(path: string): TradewindError {
  return new TradewindError("signing_refused", `others may read the key in ${path}`, {
    hint: `chmod 600 ${path}, and make another key if somebody has`,
  });
}

function parsePem(pem: string, place: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    // The cause may quote what it could not parse.
    const name = cause instanceof Error ? cause.name : "unreadable";
    throw new TradewindError("signing_refused", `${place} holds no private key (${name})`, {
      hint: makeHint,
    });
  }
}

function isCoded(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
