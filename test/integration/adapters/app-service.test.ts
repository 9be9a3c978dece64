import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { survey } from "#adapters/app-service/survey.ts";
import { dryHand } from "#adapters/hand.ts";
import { azureHolds } from "#test/support/clouds/azure/azure-contract.ts";
import { appServiceSubject, images, openAppService } from "#test/support/clouds/azure/open-subject.ts";
import { openBench, patience, standNew } from "#test/support/clouds/control-bench.ts";
import { describeControl } from "#test/support/clouds/control-contract.ts";
import { versionOfImage } from "#test/support/clouds/light-world.ts";

describeControl(appServiceSubject);

azureHolds({
  ...appServiceSubject,
  unheard: [
    "Microsoft.Web/serverfarms/join/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
  ],
  begins: "Microsoft.Web/sites/slots/slotsswap/action",
  asks: "Microsoft.Web/sites/slots/operationresults/read",
});

test("a slot of App Service gets production's settings, and what is told of it shows none of them", async () => {
  const settings = { DATABASE_URL: "postgres://hush", TRADEWIND_MODELS: "/models/one" };
  const bench = await openBench(() => openAppService({ settings, own: { port: 9000, pullAs: "app" } }));
  await bench.control.deploy({ id: "r1", image: images.v2 }, bench);
  expect(JSON.stringify(bench.told)).not.toContain("hush");
  const sent = bench.fake.calls().find(({ action }) => action === "Microsoft.Web/sites/slots/write");
  expect(sent?.request).toMatchObject({
    properties: {
      siteConfig: {
        linuxFxVersion: `DOCKER|${images.v2}`,
        healthCheckPath: "/v2/health/ready",
        alwaysOn: true,
        acrUseManagedIdentityCreds: true,
        appSettings: [
          { name: "DATABASE_URL", value: "postgres://hush" },
          { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
          { name: "TRADEWIND_MODELS", value: "/models/one" },
          { name: "WEBSITES_PORT", value: "9000" },
          { name: "WEBSITE_SWAP_WARMUP_PING_PATH", value: "/v2/health/ready" },
          { name: "WEBSITE_SWAP_WARMUP_PING_STATUSES", value: "200" },
        ],
      },
    },
  });
  const { revisions } = await bench.status();
  expect(revisions.find(({ role }) => role === "candidate")?.models).toBe("/models/one");
  expect(bench.fake.problems()).toEqual([]);
});

test("App Service does not swap a slot that never answers its ping, and says so", async () => {
  const bench = await openBench(() => openAppService({ warmUpMs: 200 }));
  await bench.control.deploy({ id: "r1", image: images.broken }, bench);
  await expect(bench.control.promote({ revision: "r1" }, bench)).rejects.toMatchObject({
    code: "provider_refused",
    message: expect.stringContaining("never answered its warm-up"),
  });
  expect((await bench.status()).revisions[0]).toMatchObject({
    role: "stable",
    image: images.v1,
    state: "ready",
  });
});

test("a share of App Service's own traffic is answered by the slot, and by production again before a swap", async () => {
  const bench = await openBench(appServiceSubject.open);
  const revision = await standNew(bench);
  await bench.control.shift({ revision, share: 0.25 }, bench);
  const [endpoint] = await bench.stable.discover(bench);
  const versions: (string | undefined)[] = [];
  for (let call = 0; call < 40; call += 1)
    versions.push((await endpoint?.client.describe("digits-s", bench))?.version);
  const rerouted = versions.filter((version) => version === versionOfImage(images.v2));
  expect(Math.abs(rerouted.length - 10)).toBeLessThanOrEqual(2);
  const from = bench.told.length;
  await bench.control.promote({ revision }, bench);
  expect(bench.told.slice(from)).toEqual([
    {
      action: "Microsoft.Web/sites/config/write",
      request: { app: "detector", experiments: { rampUpRules: [] } },
    },
    {
      action: "Microsoft.Web/sites/slots/slotsswap/action",
      request: { app: "detector", slot: "candidate", targetSlot: "production", preserveVnet: true },
    },
  ]);
});

test("a plan of App Service that has no slots is refused by its name", async () => {
  const bench = await openBench(() => openAppService({ tier: "Basic" }));
  await expect(bench.control.deploy({ id: "r1", image: images.v2 }, bench)).rejects.toMatchObject({
    code: "provider_unsupported",
    message: expect.stringContaining("vision-plan is Basic (B1)"),
  });
  expect(bench.told).toEqual([]);
});

test("a plan of App Service that scales by itself is not counted by us, nor one of no workers made", async () => {
  const subject = await openAppService();
  const bench = await openBench(async () => subject);
  const refused = { code: "provider_unsupported" };
  await expect(bench.control.scale({ count: 0 }, bench)).rejects.toMatchObject(refused);
  await expect(bench.control.scale({ count: 31 }, bench)).rejects.toMatchObject({ code: "provider_quota" });
  subject.fake.app.plan.elastic = true;
  await expect(bench.control.scale({ count: 2 }, bench)).rejects.toMatchObject(refused);
  expect(bench.told).toEqual([]);
});

test("App Service keeps an app awake that is woken", async () => {
  const subject = await openAppService();
  const bench = await openBench(async () => subject);
  const { runs } = subject.fake.app.production;
  runs.config = { ...runs.config, alwaysOn: false };
  await bench.control.wake({ instances: 1 }, bench);
  expect(runs.config.alwaysOn).toBe(true);
  await bench.control.wake({ instances: 1 }, bench);
  expect(bench.told).toHaveLength(1);
});

test("calls to an app behind Microsoft Entra carry a token, which is fetched once", async () => {
  const audience = "api://detector";
  const subject = await openAppService({ audience, own: { auth: "entra", audience } });
  const bench = await openBench(async () => subject);
  const [endpoint] = await bench.stable.discover(bench);
  await endpoint?.client.describe("digits-s", bench);
  const asked = subject.fake.tokensAsked();
  for (let call = 0; call < 10; call += 1) await endpoint?.client.describe("digits-s", bench);
  expect(subject.fake.tokensAsked()).toBe(asked);
  const stranger = await openBench(() => openAppService({ audience }));
  const [closed] = await stranger.stable.discover(stranger);
  await expect(closed?.client.describe("digits-s", bench)).rejects.toThrow();
});

test("App Service stops answering for an app that was stopped", async () => {
  const subject = await openAppService();
  const bench = await openBench(async () => subject);
  subject.fake.app.production.state = "Stopped";
  subject.fake.app.reconcile();
  expect(await bench.stable.discover(bench)).toEqual([]);
  const { troubles, desired } = await bench.status();
  expect(desired).toBe(0);
  expect(troubles).toMatchObject([{ kind: "health", message: expect.stringContaining("it is Stopped") }]);
});

test("a slot's own sticky settings stay with it when a candidate is put into it", async () => {
  const subject = await openAppService({ settings: { STAGE: "production" } });
  const bench = await openBench(async () => subject);
  await standNew(bench);
  subject.fake.app.sticky = ["STAGE"];
  const slot = subject.fake.app.slots.get("candidate");
  if (slot) slot.runs.settings = { ...slot.runs.settings, STAGE: "candidate" };
  await bench.control.deploy({ id: "r2", image: images.v2 }, bench);
  expect(slot?.runs.settings).toMatchObject({ STAGE: "candidate", TRADEWIND_DEPLOYMENT: "r2" });
});

test("calls to an app break while its cloud is away, and go on when it is back", async () => {
  const bench = await openBench(appServiceSubject.open);
  const [endpoint] = await bench.stable.discover(bench);
  await endpoint?.client.describe("digits-s", bench);
  bench.fake.lose();
  await expect(endpoint?.client.describe("digits-s", bench)).rejects.toThrow();
  bench.fake.restore();
  const found = await endpoint?.client.describe("digits-s", bench);
  expect(found?.version).toBe(versionOfImage(images.v1));
});

test("an image of any size goes through an app's address to its instance", async () => {
  const bench = await openBench(appServiceSubject.open);
  const [endpoint] = await bench.stable.discover(bench);
  const call = { method: "POST", path: "/v2/models/digits-s/infer", maxBytes: 100_000 } as const;
  for (const size of [1, 100_000, 4_000_000]) {
    const body = new Uint8Array(size);
    const answer = await endpoint?.client.pass({ ...call, headers: {}, body, signal: bench.signal });
    expect(answer?.status).toBe(200);
    expect(answer?.headers["x-image"]).toBe(images.v1);
  }
});

test("the fake of Azure tells what a real one would not have taken", async () => {
  await using subject = await openAppService();
  const { fake } = subject;
  const { IDENTITY_ENDPOINT = "", IDENTITY_HEADER = "" } = fake.env;
  const resource = "https://management.azure.com/";
  const door = `${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=${resource}`;
  const answer = await fetch(door, { headers: { "x-identity-header": IDENTITY_HEADER } });
  const { access_token } = (await answer.json()) as { readonly access_token: string };
  const { subscription, resourceGroup } = fake.place;
  const site = `${fake.url}/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Web/sites/detector`;
  const authorization = `Bearer ${access_token}`;
  const statuses = [
    await fetch(`${site}?api-version=2025-05-01`),
    await fetch(`${site}?api-version=2020-01-01`, { headers: { authorization } }),
    await fetch(`${site}/everything?api-version=2025-05-01`, { headers: { authorization } }),
    await fetch(`${site}/config/web?api-version=2025-05-01`, {
      method: "PATCH",
      headers: { authorization },
      body: JSON.stringify({ properties: { alwaysOnn: true } }),
    }),
    await fetch(`${site}/slots/candidate/stop?api-version=2025-05-01`, {
      method: "POST",
      headers: { authorization },
      body: "{}",
    }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([401, 200, 404, 200, 404]);
  expect(fake.problems()).toEqual([
    "Microsoft.Web/sites/read came without a token for Azure Resource Manager",
    "Microsoft.Web/sites/read was asked with api-version=2020-01-01",
    expect.stringContaining("nothing is at GET"),
    expect.stringContaining("alwaysOnn: unknown"),
    "Microsoft.Web/sites/slots/stop/action takes no body",
  ]);
});

test("finds the containers of App Service in a subscription, with their plans, and says what is none", async () => {
  await using subject = await openAppService();
  const { fake, surroundings } = subject;
  const scope = {
    regions: [],
    projects: [],
    subscriptions: [fake.place.subscription],
    api: { "app-service": fake.url },
    signal: AbortSignal.timeout(10_000),
  };
  expect(await survey(scope, surroundings)).toEqual([
    expect.objectContaining({ kind: "app-service", unfit: expect.stringMatching(/it is no container/) }),
    {
      kind: "app-service",
      name: "detector",
      settings: fake.place,
      hasGpu: false,
      price: "azure/app-service/p1v3",
      isProvisioned: true,
      notes: ["1 workers of P1v3 (PremiumV3) in the plan vision-plan"],
    },
  ]);
  fake.fail({ action: "Microsoft.Web/serverfarms/read", times: 9, kind: "forbidden" });
  await expect(survey(scope, surroundings)).rejects.toMatchObject({
    code: "provider_forbidden",
    message: expect.stringContaining("Microsoft.Web/serverfarms/read"),
  });
});

test("another process finds App Service with nothing but its environment", async () => {
  await using subject = await openAppService();
  const program = `
    const { openProviders } = await import("#adapters/registry.ts");
    const providers = await openProviders({ a: ${JSON.stringify(subject.settings)} });
    const [endpoint] = await providers.get("a").discover({ signal: AbortSignal.timeout(20000) });
    const { version } = await endpoint.client.describe("digits-s", { signal: AbortSignal.timeout(20000) });
    console.log(version);
    await providers.get("a").close();
  `;
  const env = { ...process.env, ...subject.fake.env };
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], {
    env,
    timeout: 20_000,
  });
  expect(stdout.trim()).toBe(versionOfImage(images.v1));
});

test("a dry hand does not wait for a slot of App Service that it never made", async () => {
  const bench = await openBench(appServiceSubject.open);
  const told: string[] = [];
  const hand = dryHand(({ action }) => told.push(action));
  await bench.control.deploy({ id: "r1", image: images.v2 }, { ...bench, hand });
  expect(told).toEqual(["Microsoft.Web/sites/slots/write"]);
  await vi.waitFor(async () => expect((await bench.status()).revisions).toHaveLength(1), patience);
});
