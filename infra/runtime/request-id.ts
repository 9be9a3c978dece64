import type { Chance } from "./chance.ts";
import type { Clock } from "./clock.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A ULID: 48 bits of time and 80 of chance, so that ids sort by when they were made. */
export function createRequestId(clock: Clock, chance: Chance): string {
  return timePart(clock.now()) + chancePart(chance.bytes(10));
}

/** A caller's own id is kept when it is harmless in a header, a log and a URL. */
export function acceptRequestId(given: string | undefined): string | undefined {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
}

function timePart(now: number): string {
  let rest = now;
  let text = "";
  for (let place = 0; place < 10; place += 1) {
    text = alphabet.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function chancePart(bytes: Uint8Array): string {
  let bits = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = "";
  for (let place = 0; place < 16; place += 1) {
    text = alphabet.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text;
}
