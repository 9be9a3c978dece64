import { sign } from "node:crypto";
import { expect, test } from "vitest";
import { checkPlan } from "#edge/trust/check-plan.ts";
import type { TrustedList } from "#edge/trust/trusted-list.ts";
import { makeListKey } from "#test/support/edge/list-keys.ts";

const [key, other] = [makeListKey(), makeListKey()];
const device = `dev_${"a".repeat(26)}`;
const nonce = "0123456789abcdef";
const list: TrustedList = {
  artefacts: [],
  revocations: [],
  companions: new Map(),
  expiresAtMs: 2_000,
  versions: { root: 1, timestamp: 1 },
  onlineKeys: new Map([[key.id, key.written.keyval.public]]),
};
const words = {
  device,
  nonce,
  at: 1_000,
  pollMs: 300_000,
  models: [{ model: "digits-n", release: 2, why: "rollout" }],
};
const head = { alg: "EdDSA", kid: key.id };

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function signed(payload: unknown = words, header: unknown = head, by = key): string {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${sign(null, Buffer.from(text), by.privateKey).toString("base64url")}`;
}

const check = (text: string) => checkPlan(text, { list, device, nonce, now: 1_000 });

test("a plan that the online key signed for this asking is taken", () => {
  expect(check(signed())).toEqual(words);
});

test("a plan may say which lists are the newest", () => {
  const lists = { root: 1, timestamp: 29_000_000 };
  expect(check(signed({ ...words, lists }))).toEqual({ ...words, lists });
});

test.each([
  ["another device's", signed({ ...words, device: `dev_${"b".repeat(26)}` })],
  ["an old one", signed({ ...words, nonce: "fedcba9876543210" })],
  ["one by another key under its own name", signed(words, { ...head, kid: other.id }, other)],
  ["one by another key under the right name", signed(words, head, other)],
  ["one without a signature", `${part(head)}.${part(words)}.`],
  ["one that says it needs none", `${part({ ...head, alg: "none" })}.${part(words)}.`],
  ["one with the public key as a secret", signed(words, { ...head, alg: "HS256" })],
  ["one with a demand that is not understood", signed(words, { ...head, crit: ["b64"], b64: false })],
  ["one with five parts", `${signed()}.x.y`],
  [
    "one whose words were changed",
    `${part(head)}.${part({ ...words, pollMs: 100 })}.${signed().split(".")[2]}`,
  ],
  ["one with half a word of lists", signed({ ...words, lists: { timestamp: 1 } })],
  ["one with a version that is none", signed({ ...words, lists: { root: 1, timestamp: 0 } })],
  ["one with a version as a word", signed({ ...words, lists: { root: "1", timestamp: 1 } })],
  ["what is no plan", signed({ ...words, models: "all" })],
  ["what is not even JSON", "bm90.anNvbg.eA"],
  ["nothing", ""],
  ["a flood", "a".repeat(300_000)],
  ["one with a key named like a part of every object", signed(words, { ...head, kid: "constructor" })],
])("%s is no plan", (_, text) => {
  expect(() => check(text)).toThrow(expect.objectContaining({ code: "repository_refused" }));
});

test("under lists that have expired there is no plan", () => {
  expect(() => checkPlan(signed(), { list, device, nonce, now: 2_000 })).toThrow(
    expect.objectContaining({ code: "repository_expired" }),
  );
});
