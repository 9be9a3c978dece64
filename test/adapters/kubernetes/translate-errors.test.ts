import { expect, test } from "vitest";
import { refusal, translated } from "#adapters/kubernetes/translate-errors.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const asked = { permission: "get deployments.apps", namespace: "vision" };
const said = (message: string): string => JSON.stringify({ kind: "Status", message });

test.each([
  [400, "provider_refused"],
  [401, "provider_forbidden"],
  [403, "provider_forbidden"],
  [404, "provider_missing"],
  [409, "provider_conflict"],
  [410, "provider_unavailable"],
  [422, "provider_refused"],
  [429, "provider_throttled"],
  [500, "provider_unavailable"],
  [504, "provider_unavailable"],
  [302, "provider_answer_invalid"],
])("status %i of an API server is %s", (status, code) => {
  const error = refusal(asked, { status, retryAfter: undefined, body: said("its own sentence") });
  expect(error.code).toBe(code);
  expect(error.message).toContain('"get deployments.apps" in vision');
  expect(error.message).toContain("(its own sentence)");
});

test.each([
  ["7", 7_000],
  ["999", 60_000],
  ["soon", undefined],
  [undefined, undefined],
])("to come again after %j is to wait %j ms", (retryAfter, ms) => {
  expect(refusal(asked, { status: 429, retryAfter, body: "" }).retryAfterMs).toBe(ms);
});

test("a sentence is quoted as far as a sentence goes, and what is no Status is not", () => {
  const long = refusal(asked, { status: 500, retryAfter: undefined, body: said("x".repeat(10_000)) });
  expect(long.message.length).toBeLessThan(500);
  const html = refusal(asked, { status: 502, retryAfter: undefined, body: "<html>proxy</html>" });
  expect(html.message).not.toContain("html");
});

test("what broke on the way, what was too late and what makes no sense are told apart", () => {
  const open = new AbortController().signal;
  const reset = Object.assign(new Error("reset"), { code: "ECONNRESET" });
  expect(translated(reset, asked, open)).toMatchObject({ code: "provider_unavailable", cause: reset });
  expect(translated(new TypeError("undefined is no list"), asked, open).code).toBe("provider_answer_invalid");
  expect(translated(reset, asked, AbortSignal.abort()).code).toBe("deadline_exceeded");
  const reason = new TradewindError("draining", "closing");
  expect(translated(reset, asked, AbortSignal.abort(reason))).toBe(reason);
  expect(translated(reason, asked, open)).toBe(reason);
});
