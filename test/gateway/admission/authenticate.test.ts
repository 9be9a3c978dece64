import { expect, test } from "vitest";
import { createAuthenticate } from "#gateway/admission/authenticate.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { caller } from "#test/support/callers.ts";

const [anna, tokenOwner, door] = [caller({ id: "anna" }), caller({ id: "token" }), caller({ keyless: true })];
const access = {
  find: (shown: string) =>
    shown === "tw_anna" ? anna : shown === "tw_old" ? ("expired" as const) : undefined,
};
const tokens = {
  looksLikeToken: (shown: string) => shown.startsWith("eyJ"),
  verify: async (shown: string) => {
    if (shown === "eyJgood") return tokenOwner;
    throw new TradewindError("token_invalid", "the token is refused: bad");
  },
};
const authenticate = createAuthenticate({ access, tokens });
const bearer = (text: string) => ({ authorization: text, apiKey: undefined });

test.each(["Bearer tw_anna", "bearer tw_anna", "Bearer   tw_anna", "  Bearer tw_anna "])(
  "the key in %j is found at once, without waiting for anything",
  (text) => {
    expect(authenticate(bearer(text))).toBe(anna);
  },
);

test("a key in x-api-key is as good, and counts where the other header is of another kind", () => {
  expect(authenticate({ authorization: undefined, apiKey: "tw_anna" })).toBe(anna);
  expect(authenticate({ authorization: "Basic abc", apiKey: "tw_anna" })).toBe(anna);
});

test.each([
  [undefined, "key_missing"],
  ["", "key_missing"],
  ["Bearer", "key_missing"],
  ["Bearer tw_anna tw_anna", "key_missing"],
  ["Basic tw_anna", "key_missing"],
  ["Bearer tw_nobody", "key_invalid"],
  ["Bearer tw_old", "key_expired"],
])("the header %j is refused as %s", (authorization, code) => {
  expect(() => authenticate({ authorization, apiKey: undefined })).toThrow(expect.objectContaining({ code }));
});

test("a token is verified instead of looked up", async () => {
  expect(await authenticate(bearer("Bearer eyJgood"))).toBe(tokenOwner);
  await expect(authenticate(bearer("Bearer eyJbad"))).rejects.toMatchObject({ code: "token_invalid" });
});

test("a door that stands for a tenant lets in who shows nothing, and holds who shows a key to it", () => {
  const atDoor = createAuthenticate({ access, tokens, keyless: () => door });
  expect(atDoor({ authorization: undefined, apiKey: undefined })).toBe(door);
  expect(atDoor(bearer("Bearer tw_anna"))).toBe(anna);
  expect(() => atDoor(bearer("Bearer tw_nobody"))).toThrow(expect.objectContaining({ code: "key_invalid" }));
});

test("a door without keys is told by which name it was reached", () => {
  const names: (string | undefined)[] = [];
  const keyless = (host: string | undefined) => {
    names.push(host);
    return door;
  };
  const atDoor = createAuthenticate({ access, tokens, keyless });
  expect(atDoor({ authorization: undefined, apiKey: undefined, host: "cameras.internal" })).toBe(door);
  expect(atDoor({ authorization: "Bearer tw_anna", apiKey: undefined, host: "elsewhere" })).toBe(anna);
  expect(names).toEqual(["cameras.internal"]);
});
