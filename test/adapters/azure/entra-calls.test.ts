import { expect, onTestFinished, test } from "vitest";
import { entraCalls } from "#adapters/azure/entra-calls.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const hour = 3_600_000;
const call = { method: "GET", path: "/", body: undefined } as const;

function bench({ fails = () => false }: { readonly fails?: () => boolean } = {}) {
  const clock = createFakeClock();
  const scopes: string[] = [];
  const credential = {
    getToken: async (scope: string | string[]) => {
      scopes.push(String(scope));
      if (fails()) throw Object.assign(new Error("no"), { name: "AuthenticationError" });
      return { token: `t${scopes.length}`, expiresOnTimestamp: clock.now() + hour };
    },
  };
  return { clock, scopes, authorize: entraCalls({ credential, audience: "api://a/", clock }) };
}

test("a token of Entra is fetched once for all who wait for the first, and is then at hand", async () => {
  const { scopes, authorize } = bench();
  const [one, other] = await Promise.all([authorize(call), authorize(call)]);
  expect([one, other]).toEqual([
    ["authorization", "Bearer t1"],
    ["authorization", "Bearer t1"],
  ]);
  expect(authorize(call)).toEqual(["authorization", "Bearer t1"]);
  expect(scopes).toEqual(["api://a/.default"]);
});

test("a token's follower is fetched while it still holds, and no call waits for it", async () => {
  const { clock, scopes, authorize } = bench();
  await authorize(call);
  clock.advance(hour - 4 * 60_000);
  expect(authorize(call)).toEqual(["authorization", "Bearer t1"]);
  await expect.poll(() => authorize(call)).toEqual(["authorization", "Bearer t2"]);
  expect(scopes).toHaveLength(2);
});

test("a token that is over is not sent any more", async () => {
  const { clock, authorize } = bench();
  await authorize(call);
  clock.advance(hour);
  expect(await authorize(call)).toEqual(["authorization", "Bearer t2"]);
});

test("a follower that cannot be fetched is told of, and not asked for with each call", async () => {
  let isAway = false;
  const { clock, scopes, authorize } = bench({ fails: () => isAway });
  const told: string[] = [];
  onTestFinished(sideConcernSkipped.subscribe(({ what }) => told.push(what)));
  await authorize(call);
  isAway = true;
  clock.advance(hour - 2 * 60_000);
  for (let calls = 0; calls < 20; calls += 1) expect(authorize(call)).toEqual(["authorization", "Bearer t1"]);
  await expect.poll(() => told).toEqual(["renewing a token"]);
  expect(scopes).toHaveLength(2);
  clock.advance(11_000);
  void authorize(call);
  await expect.poll(() => scopes.length).toBe(3);
});

test("nobody without an identity is let in, and the next call asks anew", async () => {
  let isAway = true;
  const { authorize } = bench({ fails: () => isAway });
  await expect(authorize(call)).rejects.toMatchObject({ code: "provider_forbidden" });
  isAway = false;
  expect(await authorize(call)).toEqual(["authorization", "Bearer t2"]);
});
