import { expect, test } from "vitest";
import { refuseUnsoundJson } from "#edge/trust/sound-json.ts";

const bytesOf = (content: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(content));
const named = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, number) => [`f${number}`, { length: 1 }]));

test.each([
  ["files", { signed: { targets: named(1_001) } }],
  ["lists", { signed: { meta: named(1_001) } }],
  ["signatures", { signatures: Array.from({ length: 1_001 }, () => ({})) }],
])("what names more %s than a list can is refused before it is copied over and over", (_, content) => {
  expect(() => refuseUnsoundJson(bytesOf(content), "list")).toThrow(
    expect.objectContaining({
      code: "repository_refused",
      message: expect.stringContaining("names more"),
    }),
  );
});

test("as many files as a list may name are looked at", () => {
  expect(() => refuseUnsoundJson(bytesOf({ signed: { targets: named(1_000) } }), "list")).not.toThrow();
});
