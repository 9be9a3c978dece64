import { expect, test } from "vitest";
import { asTradewindError, catalogue, TradewindError } from "#infra/runtime/errors.ts";

test("an error of ours passes through as it is, with its cause", () => {
  const cause = new Error("socket hang up");
  const error = new TradewindError("backend_failed", "the connection to the backend broke", { cause });
  expect(asTradewindError(error)).toBe(error);
  expect(error).toMatchObject({ cause, kind: { status: 502, retryable: true, blame: "backend" } });
});

test("a stranger becomes an internal error whose message tells nothing of it", () => {
  const error = asTradewindError(new Error("password is hunter2"));
  expect(error).toMatchObject({ code: "internal", kind: { status: 500 } });
  expect(error.message).not.toContain("hunter2");
  expect(error.cause).toMatchObject({ message: "password is hunter2" });
});

test("what is the caller's fault is a 4xx, and what is another's fault is a 5xx", () => {
  const misplaced = Object.entries(catalogue).filter(
    // RFC 9111 has 504 for who wants nothing but what is kept.
    ([code, { status, blame }]) => code !== "not_cached" && (blame === "caller") !== status < 500,
  );
  expect(misplaced).toEqual([]);
});
