import { expect, test } from "vitest";
import { summarizeCall } from "#gateway/operations/summarize-call.ts";

const told = (request: unknown) => summarizeCall({ action: "x:Do", request }).request;

test("a call is told with its action and its short values", () => {
  const request = { service: "near", desiredCount: 3, list: [1, true, null] };
  expect(summarizeCall({ action: "ecs:UpdateService", request })).toEqual({
    action: "ecs:UpdateService",
    request,
  });
});

test("what may be secret is not told, in whatever depth it stands", () => {
  const request = {
    a: { clientSecret: "s1", registryPassword: "s2", sasToken: "s3", apiKey: "s4" },
    list: [{ privateKey: "s5" }],
  };
  expect(JSON.stringify(told(request))).not.toMatch(/s[1-5]/);
  expect(told(request)).toMatchObject({ a: { clientSecret: "[redacted]" } });
});

test("of an environment only the names are told, however it is written", () => {
  expect(told({ environment: [{ name: "KEY_OF_IT", value: "s1" }, "odd"] })).toEqual({
    environment: ["KEY_OF_IT", "[redacted]"],
  });
  expect(told({ properties: { APP: { appSettings: { TOKEN_OF_IT: "s1" } } } })).toEqual({
    properties: { APP: { appSettings: ["TOKEN_OF_IT"] } },
  });
  expect(told({ env: "A=s1" })).toEqual({ env: "[redacted]" });
});

test("what is long, deep or much is cut", () => {
  const deep: Record<string, unknown> = {};
  deep.again = deep;
  expect(JSON.stringify(told(deep))).toMatch(/"\.\.\."/);
  expect((told({ text: "x".repeat(1_000) }) as { text: string }).text).toHaveLength(203);
  expect(told(Array.from({ length: 1_000 }, (_, n) => n))).toHaveLength(40);
  const wide = Object.fromEntries(
    Array.from({ length: 40 }, (_, n) => [`k${n}`, Array(40).fill("y".repeat(200))]),
  );
  expect((told(wide) as string).length).toBeLessThan(9_000);
});

test("what JSON cannot hold is told in words or left out", () => {
  const request = { big: 10n, at: new Date(0), bytes: new Uint8Array(5), call: () => 1, none: undefined };
  expect(told(request)).toEqual({ big: "10", at: "1970-01-01T00:00:00.000Z", bytes: "5 bytes" });
});
