import { expect, test, vi } from "vitest";
import { keepTokens } from "#adapters/cloud-run/identity-tokens.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const minute = 60_000;

/** Somebody who vouches, when the test lets him. */
function createIssuer({ lifeMs = 60 * minute } = {}) {
  const clock = createFakeClock();
  const asked: PromiseWithResolvers<string>[] = [];
  const fetchToken = (): Promise<string> => {
    const waiting = Promise.withResolvers<string>();
    asked.push(waiting);
    return waiting.promise;
  };
  const tokenNamed = (name: string): string => {
    const exp = Math.floor((clock.now() + lifeMs) / 1_000);
    return `${name}.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.x`;
  };
  const give = (name: string): void => asked.at(-1)?.resolve(tokenNamed(name));
  return { clock, asked, give, tokens: keepTokens({ fetchToken, clock }) };
}

async function holding(name: string, options?: { readonly lifeMs?: number }) {
  const issuer = createIssuer(options);
  const ready = issuer.tokens.ready();
  issuer.give(name);
  await ready;
  return issuer;
}

const nameIn = (headers: unknown): string | undefined => /Bearer (\w+)\./.exec(String(headers))?.[1];

test("a token that is at hand is given at once", async () => {
  const { tokens, asked, clock } = await holding("first");
  clock.advance(40 * minute);
  const headers = tokens.headers();
  expect(headers).not.toBeInstanceOf(Promise);
  expect(nameIn(headers)).toBe("first");
  expect(asked).toHaveLength(1);
});

test("many who need the first token wait for one", async () => {
  const { tokens, asked, give } = createIssuer();
  const all = [tokens.headers(), tokens.headers(), tokens.ready()];
  expect(asked).toHaveLength(1);
  give("first");
  const [one, other] = await Promise.all(all);
  expect(nameIn(one)).toBe("first");
  expect(other).toBe(one);
});

test("a token in its last minutes is given while the next one is fetched, once", async () => {
  const { tokens, asked, give, clock } = await holding("first");
  clock.advance(51 * minute);
  for (let call = 0; call < 5; call += 1) expect(nameIn(tokens.headers())).toBe("first");
  expect(asked).toHaveLength(2);
  give("second");
  await vi.waitFor(() => expect(nameIn(tokens.headers())).toBe("second"));
  expect(asked).toHaveLength(2);
});

test("a token that has ended is given to nobody: who asks waits for the next one", async () => {
  const { tokens, give, clock } = await holding("first");
  clock.advance(59.6 * minute);
  const next = tokens.headers();
  expect(next).toBeInstanceOf(Promise);
  give("second");
  expect(nameIn(await next)).toBe("second");
});

test("a renewal that fails beside the calls is told and tried again after a while", async () => {
  const { tokens, asked, clock } = await holding("first");
  const told: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what }) => told.push(what));
  clock.advance(51 * minute);
  void tokens.headers();
  asked.at(-1)?.reject(new Error("nobody vouches"));
  await vi.waitFor(() => expect(told).toEqual(["renewing a token"]));
  stop();
  expect(nameIn(tokens.headers())).toBe("first");
  expect(asked).toHaveLength(2);
  clock.advance(11_000);
  void tokens.headers();
  expect(asked).toHaveLength(3);
});

test("a failure to have any token is the caller's to hear, and the next call tries again", async () => {
  const { tokens, asked, give } = createIssuer();
  const first = tokens.headers();
  asked.at(-1)?.reject(new Error("nobody vouches"));
  await expect(first).rejects.toThrow("nobody vouches");
  const second = tokens.headers();
  give("second");
  expect(nameIn(await second)).toBe("second");
});

test("a token that lives but two minutes is renewed after half of what is left of it", async () => {
  const { tokens, asked, clock } = await holding("first", { lifeMs: 2 * minute });
  clock.advance(44_000);
  void tokens.headers();
  expect(asked).toHaveLength(1);
  clock.advance(2_000);
  void tokens.headers();
  expect(asked).toHaveLength(2);
});

test.each([
  ["no token at all", "<html>login</html>"],
  ["one without an end", `a.${Buffer.from("{}").toString("base64url")}.b`],
  ["one that ended long ago", `a.${Buffer.from('{"exp":1}').toString("base64url")}.b`],
  ["one that would break a header", "a.b.c\r\nx: y"],
  ["one that is not JSON inside", "a.b.c"],
])("what is issued is looked at: %s is refused", async (_, token) => {
  const { tokens, asked } = createIssuer();
  const ready = tokens.ready();
  asked.at(-1)?.resolve(token);
  await expect(ready).rejects.toMatchObject({ code: "provider_answer_invalid" });
});
