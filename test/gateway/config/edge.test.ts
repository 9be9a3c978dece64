import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";

const base = {
  models: { "digits-n": { source: "x" } },
  providers: { there: { kind: "static", urls: ["http://127.0.0.1:1"] } },
  routes: [{ models: ["digits-n"], failover: [["there"]] }],
};

const parse = (more: object) => parseConfig(JSON.stringify({ ...base, ...more }), { file: "x.yaml" });

test("a configuration serves devices only where it says where their models lie", () => {
  expect(parse({}).edge).toBeUndefined();
  expect(parse({ edge: { repository: "s3://models", onlineKey: "env:ONLINE_KEY" } }).edge).toEqual({
    repository: "s3://models",
    onlineKey: "env:ONLINE_KEY",
    poll: 300_000,
    public: false,
  });
});

test.each([
  ["no repository", { onlineKey: "k.pem" }, /edge\.repository/],
  ["no online key", { repository: "models" }, /edge\.onlineKey/],
  ["a poll of two days", { repository: "models", onlineKey: "k.pem", poll: "2d" }, /edge\.poll/],
  ["a poll without a unit", { repository: "models", onlineKey: "k.pem", poll: "5" }, /edge\.poll/],
  ["a word that it does not know", { repository: "models", onlineKey: "k.pem", keys: [] }, /keys/],
])("devices are not served with %s", (_, edge, message) => {
  expect(() => parse({ edge })).toThrow(message);
});

test("devices are not served where keys lie in a file", () => {
  const edge = { repository: "models", onlineKey: "k.pem" };
  expect(() => parse({ edge, records: "file" })).toThrow(/does not go with records: file/);
});
