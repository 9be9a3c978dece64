import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "#infra/runtime/clock.ts";

/**
 * What a device whose clock is off proves the moment of its call with. Nothing is kept of it: it carries when it was made,
 * and a seal over that and the key that it is for, by a secret that all gateways have.
 */
export type Nonces = {
  readonly make: (kid: string) => string;
  /** When it was made; undefined where it is not ours, for another key or too old. */
  readonly madeAt: (nonce: string, kid: string) => number | undefined;
};

export type NoncesOptions = {
  readonly secret: Uint8Array;
  readonly clock: Pick<Clock, "now">;
};

export const nonceMs = 120_000;

/** Gateways' own clocks differ a little. */
const slackMs = 5_000;

export function createNonces({ secret, clock }: NoncesOptions): Nonces {
  const sealOf = (moment: string, kid: string): Buffer =>
    createHmac("sha256", secret).update(`${moment}.${kid}`).digest().subarray(0, 18);
  return {
    make: (kid) => {
      const moment = clock.now().toString(36);
      return `${moment}.${sealOf(moment, kid).toString("base64url")}`;
    },
    madeAt: (nonce, kid) => {
      const [, moment = "", seal = ""] = /^([0-9a-z]{1,11})\.([\w-]{24})$/.exec(nonce) ?? [];
      if (!timingSafeEqual(sealOf(moment, kid), padded(seal))) return undefined;
      const at = Number.parseInt(moment, 36);
      const age = clock.now() - at;
      return age <= nonceMs && age >= -slackMs ? at : undefined;
    },
  };
}

function padded(seal: string): Buffer {
  const bytes = Buffer.alloc(18);
  Buffer.from(seal, "base64url").copy(bytes);
  return bytes;
}
