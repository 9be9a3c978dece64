import { beforeAll, expect, test, vi } from "vitest";
import { jwtIssuer, openBearerTokens } from "#gateway/admission/bearer-tokens.ts";
import { type Fetch, fetchKeys } from "#gateway/admission/jwks-fetch.ts";
import { type Tenant, unboundedTenant } from "#gateway/caller.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { startIdentityProvider } from "#test/support/fake-identity-provider.ts";
import { openBench, records } from "./bearer-bench.ts";

const never = new AbortController().signal;

/** Answers every address alike, and notes it. */
function answering(asked: string[], body: object): Fetch {
  return async (address) => {
    asked.push(String(address));
    return Response.json(body);
  };
}

// So that no test's time is that of loading it.
beforeAll(() => import("jose"));

test("a token that was verified is remembered for a minute, and never past its end", async () => {
  await using bench = await openBench();
  const now = bench.clock.now() / 1_000;
  const [short, long] = [bench.provider.issue({ exp: now + 30 }), bench.provider.issue({ exp: now + 3_600 })];
  await bench.tokens.verify(short);
  await bench.tokens.verify(long);
  bench.provider.withdrawKey("first");
  bench.provider.addKey("second");
  // Rotation is seen with the next token of a new key; what was verified before needs no key.
  await bench.tokens.verify(bench.provider.issue({}, { kid: "second" }));
  expect(await bench.refusal(short)).toBeUndefined();
  bench.clock.advance(31_000);
  expect(await bench.refusal(short)).toContain("a key that its issuer does not publish");
  expect(await bench.refusal(long)).toBeUndefined();
  bench.clock.advance(30_000);
  expect(await bench.refusal(long)).toContain("a key that its issuer does not publish");
});

test("a remembered token follows what becomes of its tenant", async () => {
  const clock = createFakeClock();
  await using provider = await startIdentityProvider({ now: clock.now });
  provider.addKey("first");
  const issuer = jwtIssuer.parse({ issuer: provider.issuer, audience: "tradewind" });
  let tenant: Tenant | "gone" | undefined = unboundedTenant("acme");
  await using tokens = openBearerTokens([issuer], { clock, tenant: () => tenant });
  const token = provider.issue();
  expect((await tokens.verify(token)).tenant).toBe(tenant);
  tenant = { ...unboundedTenant("acme"), monthly: { images: 1 } };
  expect((await tokens.verify(token)).tenant).toBe(tenant);
  tenant = undefined;
  await expect(tokens.verify(token)).rejects.toThrow("a tenant that is not known here");
  tenant = "gone";
  await expect(tokens.verify(token)).rejects.toThrow("a tenant that was deleted");
});

test("a rotated key is found by asking once, and a flood of made-up names asks no more than that", async () => {
  await using bench = await openBench({ jwks: undefined });
  await bench.tokens.verify(bench.provider.issue());
  const before = bench.provider.requests.length;
  bench.provider.addKey("second");
  expect(await bench.refusal(bench.provider.issue({}, { kid: "second" }))).toBeUndefined();
  // The configuration and the keys.
  expect(bench.provider.requests.length - before).toBe(2);
  const flood = Array.from({ length: 300 }, (_, index) => {
    const [header, claims, signature] = bench.provider.issue({ index }, { kid: "second" }).split(".");
    const named = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(`${header}`, "base64url").toString()), kid: `k${index}` }),
    );
    return `${named.toString("base64url")}.${claims}.${signature}`;
  });
  const whys = await Promise.all(flood.map(bench.refusal));
  expect(new Set(whys)).toEqual(new Set(["it is signed with a key that its issuer does not publish"]));
  expect(bench.provider.requests.length - before).toBe(2);
  bench.clock.advance(30_000);
  await Promise.all(flood.map(bench.refusal));
  expect(bench.provider.requests.length - before).toBe(4);
});

test("keys are fetched anew before they are ten minutes old", async () => {
  await using bench = await openBench();
  await bench.tokens.verify(bench.provider.issue());
  bench.provider.withdrawKey("first");
  bench.provider.addKey("second");
  const before = bench.provider.requests.length;
  await vi.waitFor(() => {
    bench.clock.advance(8 * 60_000);
    expect(bench.provider.requests.length).toBeGreaterThan(before);
  });
  await vi.waitFor(async () => {
    expect(await bench.refusal(bench.provider.issue({}, { kid: "first" }))).toContain("does not publish");
  });
});

test("an issuer that goes away after it was asked leaves its keys in use, and that it is away is told", async () => {
  await using bench = await openBench();
  await bench.tokens.verify(bench.provider.issue());
  await bench.provider.goAway();
  const told: unknown[] = [];
  const stop = sideConcernSkipped.subscribe(({ what, detail }) => told.push([what, detail]));
  await vi.waitFor(() => {
    bench.clock.advance(8 * 60_000);
    expect(told[0]).toEqual(["refreshing token keys", bench.provider.issuer]);
  });
  stop();
  expect(await bench.refusal(bench.provider.issue({ sub: "later" }))).toBeUndefined();
});

test("an issuer that was never there refuses its tokens, and takes them once it is", async () => {
  await using bench = await openBench();
  await using absent = await startIdentityProvider({ now: bench.clock.now });
  absent.addKey("first");
  await absent.goAway();
  const issuer = jwtIssuer.parse({ issuer: absent.issuer, audience: "tradewind", jwks: absent.jwks });
  await using tokens = openBearerTokens([issuer], { clock: bench.clock, tenant: (id) => records.get(id) });
  await expect(tokens.verify(absent.issue())).rejects.toMatchObject({
    code: "token_invalid",
    message: "the token is refused: its issuer's keys cannot be fetched at the moment",
  });
  await absent.comeBack();
  await vi.waitFor(async () => {
    bench.clock.advance(5_000);
    await tokens.verify(absent.issue());
  });
});

test("an issuer that hangs is given up after five seconds", async () => {
  await using bench = await openBench();
  await using slow = await startIdentityProvider({ now: bench.clock.now });
  slow.addKey("first");
  slow.breakWith({ kind: "hang" });
  const issuer = jwtIssuer.parse({ issuer: slow.issuer, audience: "tradewind", jwks: slow.jwks });
  await using tokens = openBearerTokens([issuer], { clock: bench.clock, tenant: (id) => records.get(id) });
  const verifying = tokens.verify(slow.issue());
  await vi.waitFor(() => expect(slow.requests.length).toBe(1));
  bench.clock.advance(5_000);
  await expect(verifying).rejects.toThrow("keys cannot be fetched");
});

test("whoever stops waiting for an issuer gets the reason of the signal", async () => {
  await using bench = await openBench();
  bench.provider.breakWith({ kind: "hang" });
  await using slow = await startIdentityProvider({ now: bench.clock.now });
  slow.addKey("first");
  slow.breakWith({ kind: "hang" });
  const issuer = jwtIssuer.parse({ issuer: slow.issuer, audience: "tradewind", jwks: slow.jwks });
  await using tokens = openBearerTokens([issuer], { clock: bench.clock, tenant: (id) => records.get(id) });
  const leaving = new AbortController();
  const verifying = tokens.verify(slow.issue(), { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await expect(verifying).rejects.toThrow("left");
});

test("answers of an issuer that are too large, too many, redirected, secret or not its own are not taken", async () => {
  await using bench = await openBench();
  const { provider, clock } = bench;
  const key = provider.publicKey("first").export({ format: "jwk" });
  const keys = (count: number, parts: object) =>
    JSON.stringify({ keys: Array.from({ length: count }, () => ({ ...key, ...parts })) });
  const symmetric = { kty: "oct", k: "c2VjcmV0", alg: "HS256", kid: "first" };
  const bodies = [
    "",
    "not json",
    "[]",
    "{}",
    '{"keys":{}}',
    '{"keys":[5]}',
    JSON.stringify({
      keys: Array.from({ length: 101 }, (_, index) => ({ ...key, kid: index ? `k${index}` : "first" })),
    }),
    keys(1, { kid: "first", padding: "x".repeat(256 * 1_024) }),
    JSON.stringify({ keys: [symmetric] }),
    keys(1, { kid: "first", d: "AAAA" }),
    keys(2, { kid: "first" }),
    keys(1, { kid: "first", use: "enc" }),
  ];
  const issuer = jwtIssuer.parse({ issuer: provider.issuer, audience: "tradewind", jwks: provider.jwks });
  const open = () => openBearerTokens([issuer], { clock, tenant: (id) => records.get(id) });
  for (const body of bodies) {
    provider.breakWith({ kind: "body", body });
    await using tokens = open();
    await expect(tokens.verify(provider.issue())).rejects.toMatchObject({ code: "token_invalid" });
  }
  provider.breakWith({ kind: "redirect", to: `${provider.jwks}?again` });
  await using redirected = open();
  await expect(redirected.verify(provider.issue())).rejects.toThrow("cannot be fetched");
  expect(provider.requests).not.toContain("/keys?again");
  provider.breakWith(undefined);
  await using well = open();
  await well.verify(provider.issue());
});

test("a configuration that speaks of another issuer, or sends us for keys where nobody can vouch, is not believed", async () => {
  const clock = createFakeClock();
  await using provider = await startIdentityProvider({ now: clock.now });
  provider.addKey("first");
  const { issuer } = provider;
  const wrong = [
    { issuer: "https://id.example.com", jwks_uri: "https://id.example.com/keys" },
    { jwks_uri: "https://id.example.com/keys" },
    { issuer, jwks_uri: "http://keys.example.com/keys" },
    { issuer, jwks_uri: "file:///etc/passwd" },
    { issuer, jwks_uri: "/keys" },
    { issuer, jwks_uri: 5 },
  ];
  for (const configuration of wrong) {
    const asked: string[] = [];
    const fetch = answering(asked, configuration);
    await expect(fetchKeys({ issuer }, { fetch, signal: never })).rejects.toThrow();
    expect(asked).toEqual([`${issuer}/.well-known/openid-configuration`]);
  }
});

test("an issuer elsewhere cannot send us to this machine for its keys", async () => {
  const asked: string[] = [];
  const issuer = "https://id.example.com/realm/";
  const configuration = { issuer, jwks_uri: "http://127.0.0.1:6379/" };
  const fetching = { fetch: answering(asked, configuration), signal: never };
  await expect(fetchKeys({ issuer }, fetching)).rejects.toThrow("cannot be trusted");
  expect(asked).toEqual(["https://id.example.com/realm/.well-known/openid-configuration"]);
});

test("secrets among an issuer's keys are left out", async () => {
  const open = { kty: "EC", kid: "open" };
  const keys = [open, { kty: "oct", k: "c2VjcmV0" }, { kty: "EC", d: "AAAA" }, { kty: "XYZ" }];
  const fetching = { fetch: answering([], { keys }), signal: never };
  const found = await fetchKeys(
    { issuer: "https://id.example.com", jwks: "https://id.example.com/keys" },
    fetching,
  );
  expect(found.keys).toEqual([open]);
});

test("the same issuer twice in a configuration is refused, and closing twice is fine", async () => {
  const issuer = jwtIssuer.parse({ issuer: "https://id.example.com", audience: "tradewind" });
  const deps = { clock: createFakeClock(), tenant: () => undefined };
  expect(() => openBearerTokens([issuer, issuer], deps)).toThrow("configured twice");
  const tokens = openBearerTokens([], deps);
  await tokens.close();
  await tokens.close();
});
