import { expect, test } from "vitest";
import { armFailure } from "#adapters/azure/translate-errors.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const action = "Microsoft.Web/sites/slots/write";
const { signal } = new AbortController();

type Thrown = {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message?: string;
  readonly name?: string;
  readonly after?: string;
};

function thrown({ message = "no", after, name = "RestError", ...more }: Thrown): Error {
  const headers = new Map(after === undefined ? [] : [["retry-after", after]]);
  return Object.assign(new Error(message), { name, response: { headers }, ...more });
}

test.each([
  ["forbidden", { statusCode: 403, code: "AuthorizationFailed" }, "provider_forbidden"],
  ["linked", { statusCode: 403, code: "LinkedAuthorizationFailed" }, "provider_forbidden"],
  ["an old token", { statusCode: 401, code: "ExpiredAuthenticationToken" }, "provider_forbidden"],
  ["nobody", { name: "CredentialUnavailableError" }, "provider_forbidden"],
  ["no credential of many", { name: "AggregateAuthenticationError" }, "provider_forbidden"],
  ["missing", { statusCode: 404, code: "ResourceNotFound" }, "provider_missing"],
  ["no group", { statusCode: 404, code: "ResourceGroupNotFound" }, "provider_missing"],
  ["throttled", { statusCode: 429, code: "TooManyRequests" }, "provider_throttled"],
  ["a quota", { statusCode: 403, code: "QuotaExceeded" }, "provider_quota"],
  ["a quota behind 429", { statusCode: 429, code: "QuotaExceeded" }, "provider_quota"],
  ["an environment's quota", { statusCode: 400, code: "ManagedEnvironmentQuotaExceeded" }, "provider_quota"],
  ["a size that is nowhere", { statusCode: 409, code: "SkuNotAvailable" }, "provider_full"],
  ["no room", { statusCode: 409, code: "AllocationFailed" }, "provider_full"],
  ["another change", { statusCode: 409, code: "Conflict" }, "provider_conflict"],
  ["an old etag", { statusCode: 412, code: "PreconditionFailed" }, "provider_conflict"],
  ["a wrong request", { statusCode: 400, code: "BadRequest" }, "provider_refused"],
  ["a request that is too large", { statusCode: 413 }, "provider_refused"],
  ["a slow gateway", { statusCode: 408 }, "provider_unavailable"],
  ["a failure", { statusCode: 500, code: "InternalServerError" }, "provider_unavailable"],
  ["a lost connection", { code: "ECONNRESET" }, "provider_unavailable"],
  ["no name server", { code: "ENOTFOUND" }, "provider_unavailable"],
  ["half an answer", { code: "PARSE_ERROR" }, "provider_answer_invalid"],
  ["an answer of another shape", { name: "TypeError" }, "provider_answer_invalid"],
])("takes %s of Azure for what it is", (_what, given: Thrown, code) => {
  const error = thrown(given);
  expect(armFailure(error, { action, signal })).toMatchObject({ code, cause: error });
});

test("names the action that is missing, be it another than the one that was asked for", () => {
  const message =
    "The client 'c' does not have authorization to perform action 'Microsoft.Web/serverfarms/join/action' over scope '/s'";
  const failed = armFailure(thrown({ statusCode: 403, code: "LinkedAuthorizationFailed", message }), {
    action,
    signal,
  });
  expect(failed.message).toMatch(/^the identity may not Microsoft\.Web\/serverfarms\/join\/action/);
  expect(armFailure(thrown({ statusCode: 403 }), { action, signal }).message).toContain(action);
});

test("finds a quota of App Service, which comes as a missing right, by its words", () => {
  const message =
    "Operation cannot be completed without additional quota. Current Limit (P1v3 VMs): 0 Current Usage: 0";
  const failed = armFailure(thrown({ statusCode: 401, code: "Unauthorized", message }), { action, signal });
  expect(failed).toMatchObject({ code: "provider_quota", message: expect.stringContaining("P1v3 VMs") });
});

test("finds that a region is full by its words, though it comes as a conflict", () => {
  const message =
    "No available instances to satisfy this request. App Service is attempting to increase capacity.";
  expect(armFailure(thrown({ statusCode: 409, code: "Conflict", message }), { action, signal }).code).toBe(
    "provider_full",
  );
});

test.each([
  ["17", 17_000],
  ["999999", 600_000],
  ["soon", undefined],
  [undefined, undefined],
])("waits as long as Azure asks for, within reason: %s", (after, retryAfterMs) => {
  const given = { statusCode: 429, ...(after !== undefined && { after }) };
  expect(armFailure(thrown(given), { action, signal }).retryAfterMs).toBe(retryAfterMs);
});

test.each([
  ["AuthorizationFailed", "provider_forbidden"],
  ["ServiceUnavailable", "provider_unavailable"],
  ["ManagedEnvironmentQuotaExceeded", "provider_quota"],
  ["RevisionFailed", "provider_refused"],
])("reads %s out of the sentence in which an operation's failure lies", (said, code) => {
  const message = `The long-running operation has failed. ${said}. It could not be done.`;
  const failed = armFailure(thrown({ name: "Error", message }), { action, signal });
  expect(failed.code).toBe(code);
  expect(failed.message).toContain("It could not be done.");
});

test("says of a swap that the slot never answered, and not that something else changes", () => {
  const message = "Cannot swap slots for site 'a' because the 'b' slot did not respond to http ping.";
  expect(armFailure(thrown({ statusCode: 409, message }), { action, signal }).code).toBe("provider_refused");
});

test("quotes no more of a foreign sentence than fits on a screen", () => {
  const failed = armFailure(thrown({ statusCode: 400, message: "x".repeat(100_000) }), { action, signal });
  expect(failed.message.length).toBeLessThan(700);
});

test("what was given up is a deadline, or the reason for which it was", () => {
  const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
  expect(armFailure(thrown({}), { action, signal: late }).code).toBe("deadline_exceeded");
  const reason = new TradewindError("not_leader", "another one leads");
  expect(armFailure(thrown({}), { action, signal: AbortSignal.abort(reason) })).toBe(reason);
});

test.each([undefined, null, "text", 7])("whatever was thrown becomes an error of ours: %s", (given) => {
  expect(armFailure(given, { action, signal })).toBeInstanceOf(TradewindError);
});
