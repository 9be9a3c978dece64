import { createPublicKey, verify } from "node:crypto";
import { z } from "zod";
import { type Plan, plan } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { TrustedList } from "./trusted-list.ts";

export type PlanAsk = {
  readonly list: TrustedList;
  readonly device: string;
  /** That this device asked with, just now. */
  readonly nonce: string;
  /** By the trust's own reckoning, not by the clock. */
  readonly now: number;
};

const mostCharacters = 262_144;

/** No `crit`: what it names would have to be understood. */
const head = z.object({ alg: z.literal("EdDSA"), kid: z.string().max(200), crit: z.undefined().optional() });

/** Takes a plan only when the gateway's online key signed it, for this device and for this very asking. */
export function checkPlan(text: string, ask: PlanAsk): Plan {
  if (ask.list.expiresAtMs <= ask.now) {
    throw new TradewindError("repository_expired", "the signed lists that name the plan's key have expired");
  }
  const [header = "", payload = "", signature = "", ...rest] =
    text.length > mostCharacters ? [] : text.split(".");
  if (rest.length > 0 || !header || !payload || !signature) throw refused("is not signed");
  const { kid } = parsed(head, header, "is not signed as plans are");
  verifySignature({ signed: `${header}.${payload}`, signature, key: ask.list.onlineKeys.get(kid) });
  const told = parsed(plan, payload, "cannot be understood");
  if (told.device !== ask.device) throw refused("is another device's");
  if (told.nonce !== ask.nonce) throw refused("answers another asking: an old plan is being served");
  return told;
}

function parsed<Output>(schema: z.ZodType<Output>, part: string, otherwise: string): Output {
  try {
    return schema.parse(JSON.parse(decode(part).toString("utf8")));
  } catch (cause) {
    throw refused(otherwise, cause);
  }
}

function verifySignature({
  signed,
  signature,
  key,
}: {
  signed: string;
  signature: string;
  key: string | undefined;
}) {
  if (!key) throw refused("is signed by a key that the signed lists do not name");
  const x = Buffer.from(key, "hex").toString("base64url");
  const holds = verify(
    null,
    Buffer.from(signed),
    createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }),
    decode(signature),
  );
  if (!holds) throw refused("is not what the gateway's key signed");
}

function decode(part: string): Buffer {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) throw refused("is not signed as plans are");
  return Buffer.from(part, "base64url");
}

function refused(how: string, cause?: unknown): TradewindError {
  return new TradewindError("repository_refused", `the plan ${how}`, { cause });
}
