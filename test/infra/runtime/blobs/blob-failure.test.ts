import { inspect } from "node:util";
import { expect, test } from "vitest";
import { blobFailure } from "#infra/runtime/blobs/blob-failure.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const what = "digits-s/1/model.onnx in s3://models/";

test.each([
  [404, undefined, "blob_missing", "there is no digits-s"],
  [404, '"tag"', "blob_missing", "this version of digits-s"],
  [412, '"tag"', "blob_missing", "this version of digits-s"],
  [400, "an-id", "blob_missing", "this version of digits-s"],
  [405, "an-id", "blob_missing", "this version of digits-s"],
  [400, '"tag"', "blob_unavailable", "cannot be reached"],
  [400, undefined, "blob_unavailable", "cannot be reached"],
  [416, undefined, "blob_invalid", "ends before the range"],
  [401, undefined, "blob_unavailable", "credentials"],
  [403, undefined, "blob_unavailable", "credentials"],
  [500, undefined, "blob_unavailable", "cannot be reached"],
  [undefined, undefined, "blob_unavailable", "cannot be reached"],
])("a store that answered %s to version %s is %s", (status, version, code, message) => {
  const failure = blobFailure(new Error("x"), status, { what, version });
  expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
});

test("an error that is ours already passes as it is", () => {
  const ours = new TradewindError("blob_invalid", "too large");
  expect(blobFailure(ours, 404, { what })).toBe(ours);
});

test("nothing secret that a library hung on its error is kept", () => {
  const error = Object.assign(
    new Error(
      "GET https://acme.blob/models?sv=1&sig=hidden-a failed; Authorization: hidden-b AccountKey=hidden-c;x-amz-security-token=hidden-d",
    ),
    { request: { headers: { authorization: "hidden-e" } }, code: "ENOTFOUND", config: "hidden-f" },
  );
  const shown = inspect(blobFailure(error, undefined, { what }), { depth: 10, showHidden: true });
  expect(shown).toContain("Error ENOTFOUND: GET https://acme.blob/models?");
  expect(shown).not.toContain("hidden-");
});

test("of an answer with a status only the name, the code and the status are kept", () => {
  const error = Object.assign(new Error("StringToSign hidden"), { name: "SignatureDoesNotMatch" });
  const { cause } = blobFailure(error, 403, { what });
  expect(cause).toMatchObject({ message: "SignatureDoesNotMatch 403" });
});

test.each([["a string"], [undefined], [null], [{ message: 7, code: {} }]])(
  "a thrown %j is no trouble",
  (thrown) => {
    expect(blobFailure(thrown, undefined, { what })).toMatchObject({ code: "blob_unavailable" });
  },
);
