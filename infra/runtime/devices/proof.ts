import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { z } from "zod";
import type { Chance } from "../chance.ts";
import { TradewindError } from "../errors.ts";
import { type DeviceKey, deviceId } from "./words.ts";

/**
 * How a device shows with each call that it holds its key: a compact JWS over the call, in a header. The path begins at
 * `/edge/v1` whatever stands before it in the device's address, since a proxy may cut that off on the way.
 */
export const proofHeader = "tradewind-proof";

/** At a change of keys: by the new key over the same call, with the same number and the same id as the old key's. */
export const newProofHeader = "tradewind-new-proof";

/** What a refused device comes again with where its clock is off. */
export const nonceHeader = "tradewind-nonce";

/** Stands on every answer under `/edge/v1`, whatever it is: what lacks it comes from somebody else. */
export const edgeHeader = "tradewind-edge";

export type ProvedCall = {
  readonly method: string;
  /** With the query, as it goes over the wire. */
  readonly path: string;
  readonly body?: Uint8Array | undefined;
};

export type ProvedBy = {
  /** Private. */
  readonly key: KeyObject;
  /** None before the device has a name. */
  readonly device?: string | undefined;
  /** Larger than any that this device used before; only the two proofs of a change of keys share one. */
  readonly number: number;
  /** Milliseconds since 1970, by a clock that may be off. */
  readonly now: number;
  readonly chance: Pick<Chance, "bytes">;
  /** As the gateway gave it with its last refusal. */
  readonly nonce?: string | undefined;
  /** What the proof is known by; made up where none is given. */
  readonly id?: string;
};

export type Proof = z.output<typeof claims> & {
  /** Thumbprint of the key. */
  readonly kid: string;
  readonly text: string;
};

export async function signProof(call: ProvedCall, by: ProvedBy): Promise<string> {
  const { CompactSign } = await import("jose");
  const { key, device, number, now, chance, nonce } = by;
  const payload = {
    ...(device !== undefined && { sub: device }),
    htm: call.method.toUpperCase(),
    htu: call.path,
    iat: Math.max(0, Math.floor(now / 1_000)),
    jti: by.id ?? proofId(chance),
    n: number,
    ...(nonce !== undefined && { nonce }),
    bsh: digestOf(call.body),
  };
  return await new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "EdDSA", typ: proofType, kid: thumbprintOf(deviceKeyOf(key)) })
    .sign(key);
}

/** For the two proofs of a change of keys, which share it. */
export function proofId(chance: Pick<Chance, "bytes">): string {
  return Buffer.from(chance.bytes(16)).toString("base64url");
}

/** What the text says, of which nothing is proved yet. */
export function readProof(text: string): Proof {
  const [, header = "", payload = "", signature = ""] =
    text.length <= longestProof ? (form.exec(text) ?? []) : [];
  if (![header, payload, signature].every(isCanonicalText))
    throw refused("it is no proof as devices sign them");
  const head = proofHead.safeParse(jsonIn(header));
  if (!head.success) throw refused("it is no proof as devices sign them");
  const said = claims.safeParse(jsonIn(payload));
  if (!said.success) throw refused(`its ${said.error.issues[0]?.path.join(".") || "content"} cannot be read`);
  return { ...said.data, kid: head.data.kid, text };
}

/** Throws where the proof is not by this key over this very call. When it was made, and how often used, is not looked at. */
export async function checkProof(
  proof: Proof,
  call: ProvedCall,
  { key }: { readonly key: DeviceKey },
): Promise<void> {
  await checkSignature(proof, call, { key });
  checkBody(proof, call.body);
}

/** The same but for the body, which a stranger has nobody read. */
export async function checkSignature(
  proof: Proof,
  { method, path }: Omit<ProvedCall, "body">,
  { key }: { readonly key: DeviceKey },
): Promise<void> {
  if (proof.kid !== thumbprintOf(key)) throw refused("it is by another key");
  if (proof.htm !== method || proof.htu !== path) throw refused("it is for another call");
  const { compactVerify } = await import("jose");
  try {
    await compactVerify(proof.text, publicKeyOf(key), { algorithms: ["EdDSA"] });
  } catch {
    // What a library says of it may quote what was sent.
    throw refused("its signature is wrong");
  }
}

export function checkBody(proof: Proof, body: Uint8Array | undefined): void {
  if (proof.bsh !== digestOf(body)) throw refused("it is for another body");
}

/** RFC 7638, of the key alone and not of how somebody wrote it. */
export function thumbprintOf({ x }: DeviceKey): string {
  return hash("sha256", `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`, "base64url");
}

/** The public half, as it is enrolled. */
export function deviceKeyOf(key: KeyObject): DeviceKey {
  const { crv, x } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  if (crv !== "Ed25519" || x === undefined) throw new TypeError("expected an Ed25519 key");
  return { kty: "OKP", crv: "Ed25519", x };
}

/** One key has one name: the last of its 43 characters has two bits that say nothing, and others would read them too. */
export function isCanonical({ x }: DeviceKey): boolean {
  return isCanonicalText(x);
}

const proofType = "tradewind-proof+jwt";
const longestProof = 4_096;
const form = /^([\w-]{1,300})\.([\w-]{1,3600})\.([\w-]{86})$/;

/** Nothing else may stand there, such as a key that a proof would bring along for itself. */
const proofHead = z.strictObject({
  alg: z.literal("EdDSA"),
  typ: z.literal(proofType),
  kid: z.string().regex(/^[\w-]{43}$/),
});

/** A newer device may say more, which an older gateway passes over. */
const claims = z.object({
  sub: deviceId.optional(),
  htm: z.string().regex(/^[A-Z]{1,10}$/),
  htu: z.string().regex(/^\/[!-~]{0,1999}$/),
  iat: z.int().min(0),
  jti: z.string().regex(/^[\w-]{16,64}$/),
  n: z.int().min(1),
  nonce: z
    .string()
    .regex(/^[\w.-]{16,200}$/)
    .optional(),
  bsh: z.string().regex(/^[\w-]{43}$/),
});

function isCanonicalText(text: string): boolean {
  return Buffer.from(text, "base64url").toString("base64url") === text;
}

function jsonIn(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}

function digestOf(body: Uint8Array = new Uint8Array()): string {
  return hash("sha256", body, "base64url");
}

function publicKeyOf(key: DeviceKey): KeyObject {
  return createPublicKey({ key, format: "jwk" });
}

function refused(why: string): TradewindError {
  return new TradewindError("proof_refused", `the proof is refused: ${why}`);
}
