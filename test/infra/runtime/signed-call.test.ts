import { expect, test } from "vitest";
import {
  callSecrets,
  createCallVerifier,
  type Signing,
  signatureHeader,
  signCall,
  type VerifyOptions,
  verifyCall,
} from "#infra/runtime/signed-call.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";

const secret = "a secret that nobody would guess";
const body = Buffer.from("an image");
const call = { method: "POST", path: "/v2/models/m/infer?x=1", body };

/** A signer and a verifier that share a secret and a clock. */
function openLine(options: Partial<VerifyOptions> = {}) {
  const clock = createFakeClock();
  const verifier = createCallVerifier({ secrets: [secret], now: clock.now, ...options });
  let calls = 0;
  const sign = (asked = call, more: Partial<Signing> = {}): string => {
    calls += 1;
    const nonce = `nonce-${String(calls).padStart(10, "0")}`;
    return signCall(asked, { secret, moment: clock.now(), nonce, ...more });
  };
  return { clock, verifier, sign };
}

test("a signed call is let in, whatever its body is made of", () => {
  const { verifier, sign } = openLine();
  expect(signatureHeader).toBe("tradewind-signature");
  verifyCall(call, sign(), verifier);
  verifyCall(call, sign({ ...call, body: Buffer.from("an image") }), verifier);
  const pieces = { ...call, body: [Buffer.from("an "), Buffer.alloc(0), Buffer.from("image")] };
  verifyCall(
    call,
    signCall(pieces, { secret, moment: 1_700_000_000_000, nonce: "of-pieces-0000001" }),
    verifier,
  );
});

test("a call without a body is not one with a body, and an empty body is none", () => {
  const { verifier } = openLine();
  const signed = (nonce: string) =>
    signCall({ method: "GET", path: "/v2", body: undefined }, { secret, moment: 1_700_000_000_000, nonce });
  const question = { method: "GET", path: "/v2", body: undefined };
  verifyCall(question, signed("question-00000001"), verifier);
  verifyCall({ ...question, body: Buffer.alloc(0) }, signed("question-00000002"), verifier);
  expect(() => verifyCall({ ...question, body }, signed("question-00000003"), verifier)).toThrow(
    "another body",
  );
});

test.each([
  ["method", { ...call, method: "PUT" }],
  ["path", { ...call, path: "/v2/models/n/infer?x=1" }],
  ["query", { ...call, path: "/v2/models/m/infer?x=2" }],
  ["place of its path's end", { ...call, method: "POS", path: "T/v2/models/m/infer?x=1" }],
])("a signature is no good for another %s", (_, other) => {
  const { verifier, sign } = openLine();
  expect(() => verifyCall(other, sign(), verifier)).toThrow("is none of this call");
});

test("a signature is no good for another body, of which not a byte has to be there to let the call in", () => {
  const { verifier, sign } = openLine();
  const promised = verifier.admit({ method: call.method, path: call.path }, sign());
  expect(() => promised.check(Buffer.from("an imagf"))).toThrow("another body");
  expect(() => promised.check(undefined)).toThrow("another body");
  promised.check(body);
});

test("a call without a signature, and one by another secret, are refused as calls without a key are", () => {
  const { verifier, sign } = openLine();
  expect(() => verifyCall(call, undefined, verifier)).toThrow(
    expect.objectContaining({ code: "key_missing" }),
  );
  const forged = sign(call, { secret: `${secret}!` });
  expect(() => verifyCall(call, forged, verifier)).toThrow(expect.objectContaining({ code: "key_invalid" }));
});

test("what was sent once is not let in again, not even by a header written otherwise", () => {
  const { verifier, sign } = openLine();
  const header = sign();
  verifyCall(call, header, verifier);
  expect(() => verifyCall(call, header, verifier)).toThrow("used already");
  // The last character of 32 bytes has bits to spare.
  const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = last[last.indexOf(header.at(-1) ?? "") ^ 1] ?? "";
  expect(() => verifyCall(call, header.slice(0, -1) + twin, verifier)).toThrow("used already");
});

test.each([-60_001, 60_001])(
  "a moment %d ms from now is refused, and one a millisecond nearer is not",
  (off) => {
    const { clock, verifier, sign } = openLine();
    expect(() => verifyCall(call, sign(call, { moment: clock.now() + off }), verifier)).toThrow(
      "this moment",
    );
    verifyCall(call, sign(call, { moment: clock.now() + off - Math.sign(off) }), verifier);
  },
);

test("a call from a clock that is ahead cannot be sent again for as long as its moment is near", () => {
  const { clock, verifier, sign } = openLine({ windowMs: 10_000 });
  const header = sign(call, { moment: clock.now() + 9_900 });
  verifyCall(call, header, verifier);
  for (let passed = 0; passed < 25_000; passed += 100) {
    expect(() => verifyCall(call, header, verifier)).toThrow(/used already|this moment/);
    clock.advance(100);
  }
});

test("while one secret follows another, calls by either are let in, and then by the new one alone", () => {
  const both = openLine({ secrets: ["the newer of the secrets", secret] });
  verifyCall(call, both.sign(), both.verifier);
  verifyCall(call, both.sign(call, { secret: "the newer of the secrets" }), both.verifier);
  const one = openLine({ secrets: ["the newer of the secrets"] });
  expect(() => verifyCall(call, one.sign(), one.verifier)).toThrow("none of this call");
});

test("however many calls come in, nonces are remembered up to a bound, and what was forgotten is too old", () => {
  const { clock, verifier, sign } = openLine({ mostNonces: 10 });
  const headers: string[] = [];
  for (let n = 0; n < 200; n += 1) {
    const header = sign();
    headers.push(header);
    verifyCall(call, header, verifier);
    clock.advance(250);
  }
  for (const header of headers) expect(() => verifyCall(call, header, verifier)).toThrow("used already");
  verifyCall(call, sign(), verifier);
});

test("strangers' calls are not remembered, so they cannot push out those of others", () => {
  const { clock, verifier, sign } = openLine({ mostNonces: 3 });
  const header = sign();
  verifyCall(call, header, verifier);
  for (let n = 0; n < 50; n += 1) {
    clock.advance(500);
    const forged = sign(call, { secret: "another secret of theirs" });
    expect(() => verifyCall(call, forged, verifier)).toThrow("none of this call");
  }
  clock.advance(-20_000);
  verifyCall(call, sign(call, { moment: clock.now() - 3_000 }), verifier);
  expect(() => verifyCall(call, header, verifier)).toThrow("used already");
});

test("whatever a stranger writes into the header is refused in the catalogue's words, and quickly", () => {
  const { verifier, sign } = openLine();
  const random = seededRandom(61_1);
  const genuine = sign();
  const odd = [
    "",
    " ",
    "v1",
    "v2" + genuine.slice(2),
    `${genuine} `,
    ` ${genuine}`,
    genuine.repeat(2),
    `${genuine}=`,
    genuine.replace(/\d{13}/, "99999999999999"),
    genuine.replace(/\d{13}/, "-100000000000"),
    genuine.replace(/\d{13}/, "NaN"),
    "v1 ".repeat(20_000),
    "\u0000".repeat(100),
    genuine.replaceAll(" ", "\t"),
    genuine.toUpperCase(),
    "__proto__",
  ];
  for (let n = 0; n < 3_000; n += 1) {
    const place = random.integer(0, genuine.length - 1);
    const other = String.fromCharCode(random.integer(32, 126));
    // The spare bits of the last character say nothing.
    if (place < genuine.length - 1 && genuine[place] !== other)
      odd.push(genuine.slice(0, place) + other + genuine.slice(place + 1));
  }
  const began = performance.now();
  for (const header of odd)
    expect(() => verifyCall(call, header, verifier), header.slice(0, 200)).toThrow(
      expect.objectContaining({ code: "key_invalid" }),
    );
  expect(performance.now() - began).toBeLessThan(3_000);
  verifyCall(call, genuine, verifier);
});

test("secrets stand behind commas, the newest first", () => {
  const secrets = ["the one of this year", "the one before it"];
  expect(callSecrets(` ${secrets.join(" ,\t")}\n`, "it")).toEqual(secrets);
});

test.each([
  ["nothing", undefined],
  ["an empty text", ""],
  ["one that is too short", "fifteen letters"],
  ["one too short beside one that is not", "long enough for a secret,short"],
  ["a comma at the end", "long enough for a secret,"],
  ["one that is no secret any more but a book", "x".repeat(1_025)],
  ["more than anybody rotates", Array.from({ length: 9 }, (_, n) => `secret number ${n} of nine`).join(",")],
])("%s is no secret to sign calls with, and is not repeated in the message", (_, text) => {
  const refused = expect.objectContaining({
    code: "config_invalid",
    message: "IT holds no secret for signed calls",
  });
  expect(() => callSecrets(text, "IT")).toThrow(refused);
});
