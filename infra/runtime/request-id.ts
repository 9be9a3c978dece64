import type { Chance } from "./chance.ts";
import type { Clock } from "./clock.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Characters of chance in an id, five bits each. */
const chanceLength = 16;

/**
 * Makes ULIDs: 48 bits of time and 80 of chance, so that ids sort by when they were made. Chance is drawn in bulk, since
 * every request wants some and each draw is a call into the system.
 */
export function createRequestIds(clock: Pick<Clock, "now">, chance: Pick<Chance, "bytes">): () => string {
  let [pool, used] = ["", 0];
  let [lastNow, lastTime] = [-1, ""];
  return () => {
    const now = clock.now();
    if (now !== lastNow) [lastNow, lastTime] = [now, timePart(now)];
    if (used === pool.length) [pool, used] = [manyCharacters(chance.bytes(64 * chanceLength)), 0];
    used += chanceLength;
    return lastTime + pool.slice(used - chanceLength, used);
  };
}

function manyCharacters(bytes: Uint8Array): string {
  return Buffer.from(bytes.map((byte) => alphabet.charCodeAt(byte & 31))).toString("latin1");
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
