import { createPrivateKey, generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import { CompactSign, calculateJwkThumbprint } from "jose";
import { expect, test } from "vitest";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import {
  checkProof,
  deviceKeyOf,
  isCanonical,
  type ProvedBy,
  proofId,
  readProof,
  signProof,
  thumbprintOf,
} from "#infra/runtime/devices/proof.ts";

const { privateKey: key } = generateKeyPairSync("ed25519");
const device = `dev_${"0123456789abcdefghjkmnpqrs".slice(0, 26)}`;
const by: ProvedBy = { key, device, number: 7, now: 1_700_000_000_999, chance };
const call = { method: "POST", path: "/edge/v1/report?a=1", body: Buffer.from('{"a":1}') };

test("a proof says which device makes which call, and when", async () => {
  const proof = readProof(await signProof(call, { ...by, nonce: "nonce-of-the-gateway" }));
  expect(proof).toMatchObject({
    sub: device,
    htm: "POST",
    htu: "/edge/v1/report?a=1",
    iat: 1_700_000_000,
    n: 7,
    nonce: "nonce-of-the-gateway",
    kid: thumbprintOf(deviceKeyOf(key)),
  });
  expect(proof.jti).toMatch(/^[\w-]{22}$/);
  await checkProof(proof, call, { key: deviceKeyOf(key) });
});

test("a device without a name yet, without a body and with a clock before 1970 proves its call all the same", async () => {
  const plain = { method: "get", path: "/edge/v1/plan" };
  const proof = readProof(await signProof(plain, { key, number: 1, now: -5_000, chance }));
  expect(proof).toMatchObject({ iat: 0, htm: "GET" });
  expect(proof.sub).toBeUndefined();
  await checkProof(proof, { ...plain, method: "GET" }, { key: deviceKeyOf(key) });
  await checkProof(proof, { ...plain, method: "GET", body: new Uint8Array() }, { key: deviceKeyOf(key) });
});

test("two proofs have one id only where they are told to", async () => {
  const [one, two] = [await signProof(call, by), await signProof(call, by)].map(readProof);
  expect(one?.jti).not.toBe(two?.jti);
  const id = proofId(chance);
  const same = await Promise.all([signProof(call, { ...by, id }), signProof(call, { ...by, id })]);
  expect(same.map((text) => readProof(text).jti)).toEqual([id, id]);
});

test.each([
  ["another method", { ...call, method: "GET" }, /another call/],
  ["another path", { ...call, path: "/edge/v1/report" }, /another call/],
  ["another query", { ...call, path: "/edge/v1/report?a=2" }, /another call/],
  ["another body", { ...call, body: Buffer.from('{"a":2}') }, /another body/],
  ["no body", { ...call, body: undefined }, /another body/],
])("a proof does not hold for %s", async (_, other, why) => {
  const proof = readProof(await signProof(call, by));
  await expect(checkProof(proof, other, { key: deviceKeyOf(key) })).rejects.toMatchObject({
    code: "proof_refused",
    message: expect.stringMatching(why),
  });
});

test("a proof by one key is none of another, whatever key it names", async () => {
  const stranger = generateKeyPairSync("ed25519").privateKey;
  const foreign = readProof(await signProof(call, { ...by, key: stranger }));
  await expect(checkProof(foreign, call, { key: deviceKeyOf(key) })).rejects.toThrow(/another key/);
  const forged = readProof(await signedAs(stranger, { kid: thumbprintOf(deviceKeyOf(key)) }));
  await expect(checkProof(forged, call, { key: deviceKeyOf(key) })).rejects.toThrow(/signature is wrong/);
});

test("a proof whose claims were changed after it was signed does not hold", async () => {
  const text = await signProof(call, by);
  const [head = "", payload = "", signature = ""] = text.split(".");
  const said = JSON.parse(Buffer.from(payload, "base64url").toString());
  const other = Buffer.from(JSON.stringify({ ...said, n: 8 })).toString("base64url");
  const changed = readProof([head, other, signature].join("."));
  expect(changed.n).toBe(8);
  await expect(checkProof(changed, call, { key: deviceKeyOf(key) })).rejects.toThrow(/signature is wrong/);
});

test.each([
  ["no algorithm", { alg: "none" }],
  ["a shared secret's algorithm", { alg: "HS256" }],
  ["another type", { typ: "JWT" }],
  ["no key's name", { kid: undefined }],
  ["a key of its own", { jwk: deviceKeyOf(key) }],
  ["something critical", { crit: ["exp"], exp: 1 }],
])("a proof's head with %s is refused before its signature is looked at", (_, change) => {
  const head = { alg: "EdDSA", typ: "tradewind-proof+jwt", kid: thumbprintOf(deviceKeyOf(key)), ...change };
  expect(() => readProof(compact(head, goodClaims))).toThrow(/no proof as devices sign them/);
});

const goodClaims = {
  sub: device,
  htm: "GET",
  htu: "/edge/v1/plan",
  iat: 1,
  jti: "0123456789abcdef",
  n: 1,
  bsh: "a".repeat(43),
};

test.each([
  ["sub", "dev_1"],
  ["sub", 7],
  ["htm", "get"],
  ["htu", "edge/v1/plan"],
  ["htu", `/${"a".repeat(2_000)}`],
  ["htu", "/a b"],
  ["iat", -1],
  ["iat", 1.5],
  ["iat", "1"],
  ["jti", "short"],
  ["jti", "a".repeat(65)],
  ["n", 0],
  ["n", 2 ** 53],
  ["n", null],
  ["nonce", "with spaces in between"],
  ["bsh", "a"],
])("a proof whose %s is %j cannot be read", (name, value) => {
  const head = { alg: "EdDSA", typ: "tradewind-proof+jwt", kid: "a".repeat(43) };
  expect(readProof(compact(head, goodClaims)).n).toBe(1);
  expect(() => readProof(compact(head, { ...goodClaims, [name]: value }))).toThrow(
    `its ${name} cannot be read`,
  );
});

test.each([
  "",
  "a.b.c",
  ".",
  "a".repeat(4_097),
  "é.é.é",
  `${"a".repeat(10)}.${"b".repeat(10)}.${"c".repeat(86)}`,
])("text that is no proof is refused: %#", (text) => {
  expect(() => readProof(text)).toThrow(expect.objectContaining({ code: "proof_refused" }));
});

test("a signature that is written in a second way is refused, so that one proof has one text", async () => {
  const text = await signProof(call, by);
  const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = text.slice(0, -1) + last[last.indexOf(text.slice(-1)) + 1];
  expect(readProof(text).n).toBe(7);
  expect(() => readProof(twin)).toThrow(/no proof as devices sign them/);
});

test("a list and a number in the place of claims are refused", () => {
  const head = { alg: "EdDSA", typ: "tradewind-proof+jwt", kid: "a".repeat(43) };
  for (const odd of [[], 7, null, "text"])
    expect(() => readProof(compact(head, odd))).toThrow(/cannot be read/);
});

test("the longest call that a device makes still has a proof", async () => {
  const far = { method: "GET", path: `/${"a".repeat(1_999)}` };
  const text = await signProof(far, { ...by, nonce: "n".repeat(200), number: Number.MAX_SAFE_INTEGER });
  await checkProof(readProof(text), far, { key: deviceKeyOf(key) });
});

test("a thumbprint is the one of the standard", async () => {
  const jwk = deviceKeyOf(key);
  expect(thumbprintOf(jwk)).toBe(await calculateJwkThumbprint(jwk, "sha256"));
});

test("a key that is written in a second way is told from the first", () => {
  const jwk = deviceKeyOf(key);
  expect(isCanonical(jwk)).toBe(true);
  const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = { ...jwk, x: jwk.x.slice(0, 42) + last[last.indexOf(jwk.x.slice(42)) + 1] };
  expect(Buffer.from(twin.x, "base64url")).toEqual(Buffer.from(jwk.x, "base64url"));
  expect(isCanonical(twin)).toBe(false);
});

test("only Ed25519 keys prove anything", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  expect(() => deviceKeyOf(privateKey)).toThrow(/Ed25519/);
  expect(() => deviceKeyOf(publicKey)).toThrow(/Ed25519/);
  const again = createPrivateKey(key.export({ format: "pem", type: "pkcs8" }));
  expect(deviceKeyOf(again)).toEqual(deviceKeyOf(key));
});

function compact(head: unknown, payload: unknown): string {
  const parts = [head, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return [...parts, "A".repeat(86)].join(".");
}

function signedAs(signer: KeyObject, head: object): Promise<string> {
  const payload = { ...goodClaims, htm: call.method, htu: call.path };
  const bsh = hash("sha256", call.body, "base64url");
  return new CompactSign(Buffer.from(JSON.stringify({ ...payload, bsh })))
    .setProtectedHeader({ alg: "EdDSA", typ: "tradewind-proof+jwt", ...head })
    .sign(signer);
}
