import { expect, test } from "vitest";
import { credentialsFailure } from "#adapters/cloud-run/translate-credentials.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const asked = { action: "run.services.get", what: "service digits in europe-west4" };

test.each([
  "Could not load the default credentials. Browse to https://cloud.google.com/docs/authentication",
  "The file at /nowhere/key.json does not exist, or it is not a file. ENOENT: no such file",
  "Unable to read the credential file specified by the GOOGLE_APPLICATION_CREDENTIALS environment variable",
])("a process without credentials hears where they would be looked for: %s", (words) => {
  const failure = credentialsFailure(new Error(words), asked);
  expect(failure).toMatchObject({ code: "provider_forbidden" });
  expect(failure.hint).toContain("GOOGLE_APPLICATION_CREDENTIALS");
});

test("a person's credentials are told apart from none", () => {
  const failure = credentialsFailure(new Error("Cannot fetch ID token in this environment, use GCE"), asked);
  expect(failure).toMatchObject({ code: "provider_forbidden" });
  expect(failure.hint).toContain("auth: none");
});

test.each([new Error("ECONNREFUSED"), undefined, "nobody"])(
  "credentials that cannot be had at the moment may be had later: %s",
  (error) => {
    expect(credentialsFailure(error, asked)).toMatchObject({ code: "provider_unavailable" });
  },
);

test("who gave up on credentials hears why, and an error of ours stays what it is", () => {
  const late = { ...asked, signal: AbortSignal.abort(new Error("timeout")) };
  expect(credentialsFailure(new Error("ECONNREFUSED"), late)).toMatchObject({ code: "deadline_exceeded" });
  const ours = new TradewindError("provider_unavailable", "closed");
  expect(credentialsFailure(ours, asked)).toBe(ours);
});

test("of the library's error only its words are kept", () => {
  const config = { headers: { authorization: "Bearer ya29.secret" } };
  const { cause } = credentialsFailure(Object.assign(new Error("it broke"), { config }), asked);
  expect(JSON.stringify(cause, Object.getOwnPropertyNames(cause))).not.toContain("ya29");
});
