import { expect, test } from "vitest";
import { freshness } from "#gateway/devices/freshness.ts";
import { createNonces, nonceMs } from "#gateway/devices/nonces.ts";
import { nonceHeader } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const [kid, other] = ["k".repeat(43), "o".repeat(43)];
const secret = Buffer.from("a secret of all gateways");

test("a nonce tells when it was made, at every gateway that has the secret and for one key", () => {
  const clock = createFakeClock();
  const [here, there] = [createNonces({ secret, clock }), createNonces({ secret, clock })];
  const nonce = here.make(kid);
  expect(nonce).toMatch(/^[\w.-]{16,200}$/);
  expect(there.madeAt(nonce, kid)).toBe(clock.now());
  expect(there.madeAt(nonce, other)).toBeUndefined();
  expect(createNonces({ secret: Buffer.from("another"), clock }).madeAt(nonce, kid)).toBeUndefined();
});

test("a nonce is good for two minutes, and one from the future of a faster gateway for a moment", () => {
  const clock = createFakeClock();
  const nonces = createNonces({ secret, clock });
  const nonce = nonces.make(kid);
  clock.advance(nonceMs);
  expect(nonces.madeAt(nonce, kid)).toBeDefined();
  clock.advance(1);
  expect(nonces.madeAt(nonce, kid)).toBeUndefined();
  const ahead = createNonces({ secret, clock: { now: () => clock.now() + 4_000 } });
  const farAhead = createNonces({ secret, clock: { now: () => clock.now() + 6_000 } });
  expect(nonces.madeAt(ahead.make(kid), kid)).toBeDefined();
  expect(nonces.madeAt(farAhead.make(kid), kid)).toBeUndefined();
});

test.each([
  "",
  "x",
  "abc.def",
  `abc.${"A".repeat(24)}`,
  `-1.${"A".repeat(24)}`,
  `${"z".repeat(11)}.${"_".repeat(24)}`,
])("%j is no nonce", (text) => {
  expect(createNonces({ secret, clock: createFakeClock() }).madeAt(text, kid)).toBeUndefined();
});

test("a nonce of which one character was changed is none", () => {
  const nonces = createNonces({ secret, clock: createFakeClock() });
  const nonce = nonces.make(kid);
  for (let at = 0; at < nonce.length; at += 1) {
    const changed = `${nonce.slice(0, at)}${nonce[at] === "A" ? "B" : "A"}${nonce.slice(at + 1)}`;
    expect(nonces.madeAt(changed, kid)).toBeUndefined();
  }
});

test("a proof is of this moment within a minute of our clock, or by a nonce whatever its clock says", () => {
  const clock = createFakeClock();
  const deps = { clock, nonces: createNonces({ secret, clock }) };
  const seconds = Math.floor(clock.now() / 1_000);
  for (const iat of [seconds - 60, seconds, seconds + 60])
    expect(freshness({ iat, kid }, deps)).toEqual({ madeAt: iat * 1_000, byNonce: false });
  const nonce = deps.nonces.make(kid);
  for (const iat of [0, seconds * 2])
    expect(freshness({ iat, kid, nonce }, deps)).toEqual({ madeAt: clock.now(), byNonce: true });
  for (const stale of [
    { iat: seconds - 61, kid },
    { iat: seconds + 61, kid },
    { iat: 0, kid, nonce: deps.nonces.make(other) },
  ]) {
    const error = refusalOf(() => freshness(stale, deps));
    expect(error.code).toBe("proof_stale");
    expect(deps.nonces.madeAt(error.headers?.[nonceHeader] ?? "", kid)).toBe(clock.now());
  }
});

function refusalOf(work: () => unknown): TradewindError {
  try {
    work();
  } catch (error) {
    if (error instanceof TradewindError) return error;
  }
  throw new Error("nothing was refused");
}
