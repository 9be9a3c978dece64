import { expect, onTestFinished, test } from "vitest";
import { createControl } from "#adapters/static/control.ts";
import { settings } from "#adapters/static/settings.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { noHurry } from "#test/support/ask-backend.ts";
import { json, startFakeBackend } from "#test/support/fake-backend.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { freePort } from "#test/support/free-port.ts";

const surroundings = { clock: createFakeClock(), chance: systemChance, env: {} };

const open = async (given: object) => {
  const control = await createControl(settings.parse({ kind: "static", ...given }), surroundings);
  onTestFinished(async () => {
    await control.close();
    await control.close();
  });
  return control;
};

test("who is ready is asked of each server, and who is not is named", async () => {
  await using ready = await startFakeBackend({ describe: json(200, {}) });
  await using busy = await startFakeBackend({ describe: json(503, {}) });
  const away = `http://127.0.0.1:${await freePort()}`;
  const control = await open({ urls: [ready.url, busy.url, away] });
  const status = await control.status({ signal: noHurry() });
  expect(status).toMatchObject({ desired: 3, running: 1, pending: 0, coldStarts: [], isSettled: true });
  expect(status.revisions).toMatchObject([{ role: "stable", share: 1, running: 1, state: "ready" }]);
  expect(status.troubles).toEqual([
    { kind: "health", name: busy.url, message: "says that it is not ready: status 503", at: undefined },
    { kind: "health", name: away, message: "the backend cannot be reached", at: undefined },
  ]);
  expect(ready.requests[0]?.url).toBe("/v2/health/ready");
});

test("a team's own server is asked where it says whether it is ready", async () => {
  await using ready = await startFakeBackend({ describe: json(200, {}) });
  const answer = { score: "s", class: "c", box: "b" };
  const rest = { path: "/predict", health: "/ready", names: ["cat"], answer };
  const control = await open({ urls: [ready.url], wire: "rest", rest });
  expect(await control.status({ signal: noHurry() })).toMatchObject({ desired: 1, running: 1, troubles: [] });
  expect(ready.requests.map(({ url }) => url)).toEqual(["/ready"]);
});

test("nobody there is a revision that failed", async () => {
  const control = await open({ urls: [`http://127.0.0.1:${await freePort()}`] });
  const { revisions } = await control.status({ signal: noHurry() });
  expect(revisions).toMatchObject([{ state: "failed", why: "none of its servers is ready" }]);
});

test("a status that nobody waits for any more is none", async () => {
  await using ready = await startFakeBackend();
  const control = await open({ urls: [ready.url] });
  await expect(control.status({ signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow(
    "too late",
  );
});

test.each(["scale", "deploy", "shift", "promote", "rollback", "wake"] as const)(
  "to %s is for whoever started the servers",
  async (verb) => {
    const control = await open({ urls: ["http://127.0.0.1:1"] });
    const asked = (control[verb] as () => Promise<unknown>)();
    await expect(asked).rejects.toMatchObject({ code: "provider_unsupported" });
    await expect(asked).rejects.toThrow(/whoever started these servers|canary of a route/);
  },
);

test.each([
  [{}, { usdPerHour: undefined, billing: "provisioned", from: "nowhere" }],
  [{ usdPerHour: 0.526 }, { usdPerHour: 0.526, billing: "provisioned", from: "usdPerHour" }],
  [{ usdPerHour: 0 }, { usdPerHour: 0, billing: "provisioned", from: "usdPerHour" }],
  [{ price: "aws/g6.xlarge/us-east-1" }, { usdPerHour: undefined, billing: "provisioned", from: "nowhere" }],
  [{ usdPerSecond: 0.001 }, { usdPerHour: 3.6, billing: "provisioned", from: "usdPerSecond" }],
  [{ usdPerRequest: 0.001 }, { usdPerHour: undefined, billing: "request", from: "usdPerRequest" }],
  [
    { price: "aws/g4dn.xlarge/us-east-1" },
    { usdPerHour: expect.closeTo(0.526, 9), billing: "provisioned", from: "aws/g4dn.xlarge/us-east-1" },
  ],
  [
    { price: "aws/g6.xlarge/us-east-1", usdPerHour: 0.8 },
    { usdPerHour: 0.8, billing: "provisioned", from: "usdPerHour" },
  ],
])("with %j it costs what is declared", async (terms, price) => {
  const control = await open({ urls: ["http://127.0.0.1:1"], ...terms });
  expect(await control.price({ signal: noHurry() })).toEqual(price);
});
