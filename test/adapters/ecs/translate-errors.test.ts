import { expect, test } from "vitest";
import { deniedAction, quotaNamed, translateError } from "#adapters/ecs/translate-errors.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const asked = {
  action: "ecs:UpdateService",
  what: "service detect in cluster vision",
  signal: new AbortController().signal,
};

const thrown = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } }, more);

test.each([
  ["AccessDeniedException", "no", "provider_forbidden"],
  ["ExpiredTokenException", "The security token is expired", "provider_forbidden"],
  ["CredentialsProviderError", "Could not load credentials", "provider_forbidden"],
  ["ThrottlingException", "Rate exceeded", "provider_throttled"],
  ["RequestLimitExceeded", "Request limit exceeded.", "provider_throttled"],
  ["ClientException", "Rate exceeded", "provider_throttled"],
  ["LimitExceededException", "The limit for the resource was exceeded.", "provider_quota"],
  ["ServiceQuotaExceededException", "no more", "provider_quota"],
  [
    "ClientException",
    "You've reached the limit on the number of tasks you can run concurrently",
    "provider_quota",
  ],
  ["ClientException", "Capacity is unavailable at this time.", "provider_full"],
  ["ClusterNotFoundException", "Cluster not found.", "provider_missing"],
  ["ServiceNotFoundException", "Service not found.", "provider_missing"],
  ["ClientException", "Unable to describe task definition.", "provider_missing"],
  ["InvalidParameterException", "bad", "provider_refused"],
  ["ClientException", "TaskDefinition is inactive", "provider_refused"],
  ["SomethingNewException", "who knows", "provider_refused"],
  ["ConflictException", "busy", "provider_conflict"],
  ["UpdateInProgressException", "busy", "provider_conflict"],
  ["UnsupportedFeatureException", "not here", "provider_unsupported"],
  ["ServerException", "oh", "provider_unavailable"],
] as const)("of ECS, %s (%s) is %s", (name, message, code) => {
  const error = translateError(thrown(name, message), asked);
  expect(error).toMatchObject({ code, cause: expect.objectContaining({ name }) });
});

test("what ECS does not allow is named, be it what was asked or what that takes", () => {
  const plain = translateError(thrown("AccessDeniedException", "no"), asked);
  expect(plain.message).toBe("this process may not do ecs:UpdateService at AWS");
  const message =
    "User: arn:aws:sts::1:assumed-role/fleet is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/x";
  const passing = translateError(thrown("AccessDeniedException", message), asked);
  expect(passing.message).toContain("iam:PassRole");
  expect(passing.hint).toContain("allow iam:PassRole");
  expect(deniedAction("nothing of the kind")).toBeUndefined();
});

test("a quota at AWS is named as its sentence names it", () => {
  expect(quotaNamed("You've reached the limit on the number of vCPUs you can run concurrently")).toBe(
    "vCPUs",
  );
  expect(quotaNamed("Quota L-3032A538 exceeded")).toBe("L-3032A538");
  expect(quotaNamed("enough")).toBeUndefined();
});

test("an answer of ECS that cannot be read, a failing server and a lost connection are told apart", () => {
  const ok = { $metadata: { httpStatusCode: 200 } };
  expect(translateError(thrown("SyntaxError", "Unexpected end", ok), asked).code).toBe(
    "provider_answer_invalid",
  );
  expect(translateError(new RangeError("an answer of more than 1 bytes"), asked).code).toBe(
    "provider_answer_invalid",
  );
  const failing = thrown("Unknown", "oh", { $metadata: { httpStatusCode: 503 } });
  expect(translateError(failing, asked).code).toBe("provider_unavailable");
  const lost = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  expect(translateError(lost, asked).code).toBe("provider_unavailable");
  expect(translateError("nonsense", asked).code).toBe("provider_unavailable");
});

test("an end of patience with ECS is the signal's own reason, or the deadline", () => {
  const reason = new TradewindError("draining", "enough");
  expect(translateError(new Error("aborted"), { ...asked, signal: AbortSignal.abort(reason) })).toBe(reason);
  const late = translateError(new Error("aborted"), { ...asked, signal: AbortSignal.abort() });
  expect(late).toMatchObject({ code: "deadline_exceeded" });
  expect(translateError(reason, asked)).toBe(reason);
});

test("what ECS says in an error is quoted in one short line", () => {
  const error = translateError(thrown("InvalidParameterException", `a\nb\u0000${"c".repeat(10_000)}`), asked);
  expect(error.message).toMatch(/: a b c+$/);
  expect(error.message.length).toBeLessThan(600);
});

test("ECS may say when to come back, within reason", () => {
  const said = (value: string) =>
    translateError(
      thrown("ThrottlingException", "Rate exceeded", { $response: { headers: { "retry-after": value } } }),
      asked,
    ).retryAfterMs;
  expect(said("3")).toBe(3_000);
  expect(said("86400")).toBe(60_000);
  expect(said("soon")).toBeUndefined();
});
