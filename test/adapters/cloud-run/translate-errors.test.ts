import { expect, test } from "vitest";
import { readOperation } from "#adapters/cloud-run/read-operation.ts";
import { runFailure } from "#adapters/cloud-run/translate-errors.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const action = "run.services.update";
const what = "service digits in europe-west4";
const quota = "NvidiaL4GpuAllocNoZonalRedundancyPerProjectRegion";

function thrown(code: unknown, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

test.each([
  [3, "max_instance_count is wrong", "provider_refused"],
  [5, "no such service", "provider_missing"],
  [6, "the revision exists already", "provider_refused"],
  [7, "no", "provider_forbidden"],
  [8, "Resource has been exhausted", "provider_throttled"],
  [8, "There is no capacity in this region", "provider_full"],
  [8, `Quota violated: ${quota} requested: 8 allowed: 3`, "provider_quota"],
  [3, `You do not have quota: ${quota}`, "provider_quota"],
  [9, "the service is being deleted", "provider_conflict"],
  [10, "Conflict for resource 'digits'", "provider_conflict"],
  [12, "not here", "provider_unsupported"],
  [16, "invalid credentials", "provider_forbidden"],
  [2, "unknown", "provider_unavailable"],
  [4, "too late", "provider_unavailable"],
  [13, "internal", "provider_unavailable"],
  [14, "unavailable", "provider_unavailable"],
  [13, "Response message parsing error: index out of range", "provider_answer_invalid"],
  [99, "what is that", "provider_answer_invalid"],
  ["ECONNRESET", "reset", "provider_answer_invalid"],
])("a code %s with the words %j is %s", (code, message, translated) => {
  expect(runFailure(thrown(code, message), { action, what })).toMatchObject({ code: translated });
});

test("an answer that is no JSON is an invalid one, whatever its status", () => {
  const error = thrown(14, "Unexpected end of JSON input", { cause: new SyntaxError("cut") });
  expect(runFailure(error, { action, what })).toMatchObject({ code: "provider_answer_invalid" });
});

test("who is throttled by the minute is told so and not of a quota, and when to come again", () => {
  const metadata = {
    quota_limit: "WriteRequestsPerMinutePerProject",
    quota_metric: "run.googleapis.com/write",
  };
  const limited = thrown(8, "Quota exceeded for quota metric 'Write requests'", {
    reason: "RATE_LIMIT_EXCEEDED",
    errorInfoMetadata: metadata,
    statusDetails: [{ retryDelay: { seconds: "7" } }],
  });
  const failure = runFailure(limited, { action, what });
  expect(failure).toMatchObject({ code: "provider_throttled", retryAfterMs: 7_000 });
  const patient = thrown(8, "slow", { statusDetails: [{ retryDelay: { seconds: "999999999" } }] });
  expect(runFailure(patient, { action, what }).retryAfterMs).toBe(60_000);
});

test("a quota is named as the platform names it", () => {
  const said = `Quota violated: ${quota} requested: 8 allowed: 3`;
  const failure = runFailure(thrown(8, said), { action, what });
  expect(failure.message).toContain(quota);
  expect(failure.hint).toContain(quota);
  const byDetails = thrown(8, "exceeded", { errorInfoMetadata: { quota_limit: "GpuAllocPerProject" } });
  expect(runFailure(byDetails, { action, what }).message).toContain("GpuAllocPerProject");
});

test.each([
  [{ errorInfoMetadata: { permission: "iam.serviceAccounts.actAs" } }, "denied", "iam.serviceAccounts.actAs"],
  [{}, "Permission 'run.services.get' denied on resource 'x'", "run.services.get"],
  [{}, "The caller does not have permission", action],
  [{ errorInfoMetadata: { permission: 7 } }, "denied on 'digits'", action],
])("a permission that is missing is named: %o %s", (more, message, permission) => {
  const failure = runFailure(thrown(7, message, more), { action, what });
  expect(failure).toMatchObject({ code: "provider_forbidden" });
  expect(failure.message).toContain(`permission ${permission}`);
});

test("an API that nobody enabled is no lack of permissions", () => {
  const failure = runFailure(thrown(7, "denied", { reason: "SERVICE_DISABLED" }), { action, what });
  expect(failure.hint).toBe("enable run.googleapis.com there");
});

test("nothing of what the SDK hangs on its errors is kept but their words", () => {
  const secret = thrown(14, "it broke", { config: { headers: { authorization: "Bearer ya29.secret" } } });
  const { cause } = runFailure(secret, { action, what });
  expect(JSON.stringify(cause, Object.getOwnPropertyNames(cause))).not.toContain("ya29");
  const long = runFailure(thrown(3, "x".repeat(100_000)), { action, what });
  expect(long.message.length).toBeLessThan(500);
});

test("who gave up hears the reason that was given, or that time is over", () => {
  const reason = new TradewindError("draining", "the process ends");
  const left = AbortSignal.abort(reason);
  expect(runFailure(thrown(1, "cancelled"), { action, what, signal: left })).toBe(reason);
  const late = AbortSignal.abort(new Error("timeout"));
  expect(runFailure(thrown(1, "cancelled"), { action, what, signal: late })).toMatchObject({
    code: "deadline_exceeded",
  });
});

test("an error of ours and a thrown nothing pass through the translation", () => {
  const ours = new TradewindError("provider_full", "full");
  expect(runFailure(ours, { action, what })).toBe(ours);
  expect(runFailure(undefined, { action, what })).toMatchObject({ code: "provider_answer_invalid" });
});

test("a change that the platform took and could not carry out is nobody's conflict", () => {
  const name = "projects/p/locations/l/operations/o";
  const failed = readOperation(
    { name, done: true, error: { code: 9, message: "Revision is not ready" } },
    what,
  );
  expect(failed.failure).toMatchObject({ code: "provider_refused" });
  expect(readOperation({ name, done: true, error: null }, what)).toEqual({ name, isDone: true });
  expect(readOperation({ name, done: false }, what)).toEqual({ name, isDone: false });
});

test.each([undefined, "", "operations/o", "projects/p/locations/l/operations/../../secrets", 7])(
  "a change without an operation to follow is an invalid answer: %s",
  (name) => {
    expect(() => readOperation({ name }, what)).toThrow(
      expect.objectContaining({ code: "provider_answer_invalid" }),
    );
  },
);
