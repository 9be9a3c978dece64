import { createHmac, hash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { jwtIssuer, openBearerTokens } from "#gateway/admission/bearer-tokens.ts";
import { startIdentityProvider, unsigned } from "#test/support/fake-identity-provider.ts";
import { openBench, records } from "./bearer-bench.ts";

// So that no test's time is that of loading it.
beforeAll(() => import("jose"));

const sha256 = (text: string): string => hash("sha256", text, "hex");

test("a token of a trusted issuer stands for its subject, with its tenant, scopes and models", async () => {
  await using bench = await openBench({
    origins: ["https://app.example.com"],
    limits: [{ requests: 5, per: "1s" }],
    concurrency: 3,
  });
  const token = bench.provider.issue({ models: ["digits"] });
  expect(bench.tokens.looksLikeToken(token)).toBe(true);
  const caller = await bench.tokens.verify(token);
  expect(caller).toEqual({
    id: `${new URL(bench.provider.issuer).host}:${sha256("/\nalice").slice(0, 16)}`,
    subject: `${new URL(bench.provider.issuer).host}:alice`,
    expiresAt: expect.any(Number),
    tenant: records.get("acme"),
    scopes: new Set(["infer", "usage"]),
    models: new Set(["digits"]),
    origins: ["https://app.example.com"],
    limits: { rates: [{ requests: 5, perMs: 1_000, burst: 5 }], concurrency: 3 },
  });
  const everything = await bench.tokens.verify(bench.provider.issue({ sub: "bob" }));
  expect(everything.models).toBe("all");
});

test("every algorithm that is allowed by default verifies", async () => {
  await using bench = await openBench({ keys: [] });
  for (const algorithm of ["ES256", "RS256", "PS256", "EdDSA"] as const) {
    bench.provider.addKey(algorithm, algorithm);
  }
  for (const kid of ["ES256", "RS256", "PS256", "EdDSA"]) {
    expect([kid, await bench.refusal(bench.provider.issue({}, { kid }))]).toEqual([kid, undefined]);
  }
});

test("what looks like a token is told from a key, and where nobody is trusted nothing is one", async () => {
  await using bench = await openBench();
  const token = bench.provider.issue();
  const others = [
    "",
    "tw_0123456789ab_abc",
    "eyJ",
    "eyJ.a",
    `${token} `,
    `Bearer ${token}`,
    "a.b.c",
    "eyJ.é.x",
  ];
  expect(others.map(bench.tokens.looksLikeToken)).toEqual(others.map(() => false));
  await using nobody = openBearerTokens([], { clock: bench.clock, tenant: () => undefined });
  expect(nobody.looksLikeToken(token)).toBe(false);
});

test("an unsigned token, and one signed with the public key as a secret, are refused", async () => {
  await using bench = await openBench({ keys: [] });
  bench.provider.addKey("rsa", "RS256");
  const [, claims = ""] = bench.provider.issue().split(".");
  const payload = JSON.parse(Buffer.from(claims, "base64url").toString());
  const publicKey = bench.provider.publicKey("rsa");
  for (const alg of ["none", "None", "NONE", "", undefined, 5, ["RS256"]]) {
    const why = await bench.refusal(`${unsigned({ alg, kid: "rsa" }, payload)}.`);
    expect([alg, why]).toEqual([alg, expect.stringMatching(/signed/)]);
  }
  for (const alg of ["HS256", "HS512"]) {
    const text = unsigned({ alg, kid: "rsa" }, payload);
    for (const format of ["pem", "der"] as const) {
      const secret = publicKey.export({ type: "spki", format: format as "pem" });
      const mac = createHmac(alg === "HS256" ? "sha256" : "sha512", secret)
        .update(text)
        .digest("base64url");
      expect(await bench.refusal(`${text}.${mac}`)).toBe("its issuer's tokens may not be signed in that way");
    }
  }
});

test("no issuer can be configured to sign with a shared secret or not at all", () => {
  const good = { issuer: "https://id.example.com", audience: "tradewind" };
  expect(jwtIssuer.safeParse(good).success).toBe(true);
  const wrong = [
    { algorithms: ["none"] },
    { algorithms: ["HS256"] },
    { algorithms: [] },
    { issuer: "http://id.example.com" },
    { issuer: "id.example.com" },
    { issuer: "https://user:password@id.example.com" },
    { issuer: "http://127.0.0.1.example.com" },
    { jwks: "http://id.example.com/keys" },
    { jwks: "file:///etc/passwd" },
    { audience: [] },
    { audience: "" },
    { clockSkew: "6m" },
    { clockSkew: 60 },
    { tenants: ["a b"] },
    { tenants: [] },
    { tenants: ["acme"], defaultTenant: "rival" },
    { scopes: ["infer", "admin"] },
    { scopes: ["admin"], defaultTenant: "default" },
    { scopes: ["root"] },
    { origins: ["https://app.example.com/path"] },
    { origins: ["*"] },
    { limits: [{ requests: 0, per: "1s" }] },
    { secret: "x" },
  ];
  const taken = wrong.filter((parts) => jwtIssuer.safeParse({ ...good, ...parts }).success);
  expect(taken).toEqual([]);
});

test("a signature, header or payload that was touched is refused", async () => {
  await using bench = await openBench();
  const [header = "", claims = "", signature = ""] = bench.provider.issue().split(".");
  const [, others = ""] = bench.provider.issue({ tenant: "rival" }).split(".");
  const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  expect(await bench.refusal(`${header}.${claims}.${flipped}`)).toBe("its signature is wrong");
  expect(await bench.refusal(`${header}.${others}.${signature}`)).toBe("its signature is wrong");
  expect(await bench.refusal(`${header}.${claims}.`)).toBe("its signature is wrong");
  for (const text of [`${header}..${signature}`, "eyJ.eyJ.eyJ", `${header}.${claims}.${signature}.x.y`]) {
    expect(await bench.refusal(text)).toBe("it is no signed JSON web token");
  }
});

test("keys that a token brings along are not looked at", async () => {
  await using bench = await openBench();
  await using thief = await startIdentityProvider({ now: bench.clock.now });
  thief.addKey("first");
  const jwk = thief.publicKey("first").export({ format: "jwk" });
  for (const header of [{ jwk }, { jku: thief.jwks }, { x5u: thief.jwks }, {}]) {
    const token = thief.issue({ iss: bench.provider.issuer }, header);
    expect(await bench.refusal(token)).toBe("its signature is wrong");
  }
  expect(await bench.refusal(thief.issue({}, { crit: ["b64"], b64: false }))).toBe(
    "its issuer is not trusted here",
  );
  expect(thief.requests).toEqual([]);
});

test("times are checked by our clock, give or take the skew", async () => {
  await using bench = await openBench({ clockSkew: "10s" });
  const now = bench.clock.now() / 1_000;
  const cases: [Record<string, unknown>, string | undefined][] = [
    [{ exp: now - 11 }, "it has expired"],
    [{ exp: now - 9 }, undefined],
    [{ exp: undefined }, "it has no time at which it expires"],
    [{ exp: "tomorrow" }, "it has no time at which it expires"],
    [{ exp: null }, "it has no time at which it expires"],
    [{ exp: 1e300 }, undefined],
    [{ nbf: now + 11 }, "it is not valid yet"],
    [{ nbf: now + 9 }, undefined],
    [{ iat: now + 11 }, "it was issued in the future"],
    [{ iat: now + 9 }, undefined],
    [{ iat: undefined }, undefined],
    [{ iat: "yesterday" }, "it has no proper time at which it was issued"],
  ];
  for (const [claims, expected] of cases) {
    expect([claims, await bench.refusal(bench.provider.issue(claims))]).toEqual([claims, expected]);
  }
});

test("a token of another issuer, for another audience, of another type or without a subject is refused", async () => {
  await using bench = await openBench({ audience: ["tradewind", "https://api.example.com"] });
  const { issuer } = bench.provider;
  const cases: [Record<string, unknown>, Record<string, unknown>, string | undefined][] = [
    [{ iss: `${issuer}/` }, {}, "its issuer is not trusted here"],
    [{ iss: undefined }, {}, "its issuer is not trusted here"],
    [{ iss: [issuer] }, {}, "its issuer is not trusted here"],
    [{ iss: "__proto__" }, {}, "its issuer is not trusted here"],
    [{ aud: "someone-else" }, {}, "it is for another audience"],
    [{ aud: undefined }, {}, "it is for another audience"],
    [{ aud: ["someone-else", "https://api.example.com"] }, {}, undefined],
    [{ sub: undefined }, {}, "it names no subject"],
    [{ sub: "" }, {}, "it names no subject"],
    [{ sub: 7 }, {}, "it names no subject"],
    [{ sub: "x".repeat(200) }, {}, "its subject is too long"],
    [{ sub: "a\nb" }, {}, "its subject has characters that no name has"],
    [{ sub: "a\u0000b" }, {}, "its subject has characters that no name has"],
    [{}, { typ: "logout+jwt" }, "its type is neither JWT nor at+jwt"],
    [{}, { typ: 5 }, "its type is neither JWT nor at+jwt"],
    [{}, { typ: "application/at+JWT" }, undefined],
    [{}, { typ: "JWT" }, undefined],
    [{}, { typ: undefined }, undefined],
    [{}, { crit: ["exp"], exp: 1 }, "it is no signed JSON web token"],
  ];
  for (const [claims, header, expected] of cases) {
    const why = await bench.refusal(bench.provider.issue(claims, header));
    expect([claims, header, why]).toEqual([claims, header, expected]);
  }
});

test("a token gets no scope beyond those that its issuer may give, however it asks", async () => {
  await using bench = await openBench({ scopes: ["infer", "explain"] });
  const scopesOf = async (scope: unknown) => [
    ...(await bench.tokens.verify(bench.provider.issue({ scope }))).scopes,
  ];
  expect(await scopesOf("admin infer usage metrics")).toEqual(["infer"]);
  expect(await scopesOf(["admin", "explain", "infer"])).toEqual(["infer", "explain"]);
  expect(await scopesOf("admin")).toEqual([]);
  expect(await scopesOf(undefined)).toEqual([]);
  expect(await scopesOf("INFER infer\tadmin")).toEqual([]);
  for (const scope of [5, { infer: true }, [["infer"]], null]) {
    expect(await bench.refusal(bench.provider.issue({ scope }))).toBe(
      'its claim "scope" is neither text nor a list of texts',
    );
  }
});

test("models that a token names are the only ones it may use", async () => {
  await using bench = await openBench();
  const modelsOf = async (models: unknown) =>
    (await bench.tokens.verify(bench.provider.issue({ models }))).models;
  expect(await modelsOf("digits faces")).toEqual(new Set(["digits", "faces"]));
  expect(await modelsOf([])).toEqual(new Set());
  expect(await bench.refusal(bench.provider.issue({ models: 1 }))).toContain('its claim "models"');
});

test("a token of more than 8 KB is refused before anything else of it is read", async () => {
  await using bench = await openBench();
  const token = bench.provider.issue({ padding: "x".repeat(8_192) });
  expect(bench.tokens.looksLikeToken(token)).toBe(true);
  expect(await bench.refusal(token)).toBe("it has more than 8192 bytes");
});
