import { createHash, createHmac, hash, timingSafeEqual } from "node:crypto";
import { TradewindError } from "./errors.ts";

/**
 * Calls between processes that share a secret, over a line on which anybody may send and somebody may listen. The header
 * says when a call was made, names it by a nonce, and binds method, path, moment, nonce and the body's SHA-256 by HMAC:
 *
 *   tradewind-signature: v1 <milliseconds since 1970> <nonce> <sha-256 of the body> <mac>
 *
 * The body's digest stands there too, so that a stranger is refused before a byte of its body is read.
 */
export const signatureHeader = "tradewind-signature";

/** A request as it is on the wire: whoever passes it on must leave its path and its bytes as they are. */
export type CallLine = {
  readonly method: string;
  /** With the query. */
  readonly path: string;
};

export type SignableCall = CallLine & {
  readonly body: Uint8Array | readonly Uint8Array[] | undefined;
};

export type Signing = {
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly moment: number;
  /** Never used before: 16 to 64 letters, digits, dashes and underscores. */
  readonly nonce: string;
};

/** What the header says. */
export function signCall({ method, path, body }: SignableCall, { secret, moment, nonce }: Signing): string {
  const signed = `v1 ${moment} ${nonce} ${digestOf(body)}`;
  return `${signed} ${macOf(method, path, signed, secret).toString("base64url")}`;
}

export type VerifyOptions = {
  /** Any of them will do, so that one can follow another without a moment at which neither is known. */
  readonly secrets: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How far a call's moment may be from now, clocks that differ included. */
  readonly windowMs?: number;
  /** Nonces that are remembered; where more come in, calls are refused sooner for their age. */
  readonly mostNonces?: number;
};

/** The body that was signed. */
export type PromisedBody = {
  /** Throws where this is another. */
  readonly check: (body: Uint8Array | undefined) => void;
};

export type CallVerifier = {
  /** Throws where the call is not to be let in; its body is checked by what is answered, once it is here. */
  readonly admit: (call: CallLine, header: string | undefined) => PromisedBody;
};

const usualWindowMs = 60_000;

/** About 20 MB, and a hundred calls a second for as long as the window is open to both sides, many times over. */
const usualNonces = 200_000;

/**
 * Each call is let in once. What was let in is remembered by this process alone and as long as it lives: whoever listens
 * can still send a call once more to each other process that knows the secret, within the window, and learns only what
 * it heard already. Where that matters too, the line needs TLS.
 */
export function createCallVerifier(options: VerifyOptions): CallVerifier {
  const { secrets, now, windowMs = usualWindowMs, mostNonces = usualNonces } = options;
  const seen = createNonces(mostNonces);
  return {
    admit: ({ method, path }, header) => {
      if (header === undefined) throw new TradewindError("key_missing", "only signed calls are let in here");
      const [, signed = "", stamp, nonce = "", digest = "", mac = ""] = form.exec(header) ?? [];
      const moment = Number(stamp);
      const distance = Math.abs(now() - moment);
      if (!(distance <= windowMs))
        throw refused(stamp === undefined ? "cannot be read" : "is not of this moment");
      if (!isByOne(secrets, method, path, signed, mac))
        throw refused("is none of this call with a secret known here");
      // Only now, since the memory is for whoever knows the secret and not for strangers to fill.
      seen.forgetBefore(now() - windowMs);
      if (!seen.take(nonce, moment)) throw refused("was used already");
      return {
        check: (body) => {
          if (digestOf(body) !== digest) throw refused("is for another body");
        },
      };
    },
  };
}

const form = /^(v1 (\d{13}) ([\w-]{16,64}) ([\w-]{43})) ([\w-]{43})$/;

/** The same for whoever has the body in hand. */
export function verifyCall(
  { body, ...call }: CallLine & { readonly body: Uint8Array | undefined },
  header: string | undefined,
  verifier: CallVerifier,
): void {
  verifier.admit(call, header).check(body);
}

/** Secrets as an environment holds them, behind commas, the newest first: it signs, and any of them verifies. */
export function callSecrets(text: string | undefined, where: string): readonly [string, ...string[]] {
  const [newest, ...older] = (text ?? "").split(",").map((secret) => secret.trim());
  const all: readonly [string, ...string[]] = [newest ?? "", ...older];
  if (all.length <= mostSecrets && all.every(isLong)) return all;
  throw new TradewindError("config_invalid", `${where} holds no secret for signed calls`, {
    hint: `set it to ${leastCharacters} characters or more, such as by: openssl rand -base64 32`,
  });
}

const mostSecrets = 8;
const leastCharacters = 16;

function isLong({ length }: string): boolean {
  return length >= leastCharacters && length <= 1_024;
}

/** All of them are tried, so that the time it takes says nothing of which one it was. */
function isByOne(
  secrets: readonly string[],
  method: string,
  path: string,
  signed: string,
  mac: string,
): boolean {
  const given = Buffer.from(mac, "base64url");
  let isKnown = false;
  for (const secret of secrets) {
    const expected = macOf(method, path, signed, secret);
    isKnown = (given.byteLength === expected.byteLength && timingSafeEqual(given, expected)) || isKnown;
  }
  return isKnown;
}

/** No part of it can hold a line's end, so nothing said in one can be taken for another. */
function macOf(method: string, path: string, signed: string, secret: string): Buffer {
  return createHmac("sha256", secret).update(`${method}\n${path}\n${signed}`).digest();
}

function digestOf(body: SignableCall["body"]): string {
  if (body === undefined) return digestOfNothing;
  if (body instanceof Uint8Array) return hash("sha256", body, "base64url");
  const hashing = createHash("sha256");
  for (const piece of body) hashing.update(piece);
  return hashing.digest("base64url");
}

const digestOfNothing = hash("sha256", "", "base64url");

type Nonces = {
  /** Answers whether it is new, and remembers it. */
  readonly take: (nonce: string, moment: number) => boolean;
  readonly forgetBefore: (moment: number) => void;
};

const secondMs = 1_000;

/** By the seconds of their calls: a second is forgotten as a whole, and what is as old as it is not let in any more. */
function createNonces(most: number): Nonces {
  const seconds = new Map<number, Set<string>>();
  let count = 0;
  let forgotten = Number.NEGATIVE_INFINITY;
  const forget = (second: number): void => {
    count -= seconds.get(second)?.size ?? 0;
    seconds.delete(second);
  };
  return {
    take: (nonce, moment) => {
      const second = Math.floor(moment / secondMs);
      if (second <= forgotten || seconds.get(second)?.has(nonce)) return false;
      const nonces = seconds.get(second) ?? new Set();
      seconds.set(second, nonces.add(nonce));
      count += 1;
      if (count > most && seconds.size > 1) {
        forgotten = Math.min(...seconds.keys());
        forget(forgotten);
      }
      return true;
    },
    forgetBefore: (moment) => {
      for (const second of seconds.keys()) if ((second + 1) * secondMs <= moment) forget(second);
    },
  };
}

function refused(why: string): TradewindError {
  return new TradewindError("key_invalid", `the signature of this call ${why}`);
}
