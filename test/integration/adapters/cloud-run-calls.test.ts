import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { selfSigned } from "#test/support/certificate.ts";
import { type OpenedPlace, openPlace as open } from "#test/support/clouds/cloud-run/open-place.ts";
import { versionOfImage } from "#test/support/clouds/light-world.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const both = ["grpc", "rest"] as const;

test("a quarter of the traffic is a quarter of the calls", async () => {
  const { control, live, images, stand, provider, signal } = await open();
  const revision = await stand("r1", images.v2);
  await control.shift({ revision, share: 0.25 }, live);
  const [endpoint] = await (await provider("stable")).discover({ signal });
  const versions: string[] = [];
  for (let call = 0; call < 40; call += 1)
    versions.push((await endpoint?.client.describe("digits-s", { signal }))?.version ?? "");
  expect(versions.filter((version) => version === versionOfImage(images.v2))).toHaveLength(10);
});

test("whoever still calls a candidate by its address is answered, wherever it went", async () => {
  const { control, live, images, stand, provider, signal } = await open();
  const first = await stand("r1", images.v2);
  const [endpoint] = await (await provider("candidate")).discover({ signal });
  const versionNow = async () => (await endpoint?.client.describe("digits-s", { signal }))?.version;
  await control.promote({ revision: first }, live);
  expect(await versionNow()).toBe(versionOfImage(images.v2));
  await control.rollback({ revision: first }, live);
  expect(await versionNow()).toBe(versionOfImage(images.v1));
});

test("what sleeps is woken by a call, which waits for the cold start", async () => {
  const { control, live, world, provider, versionAt, images } = await open({ idleMs: 50, coldMs: 120 });
  await control.scale({ least: 0 }, live);
  await vi.waitFor(
    () => expect(world.instances().every((one) => one.state() === "stopped")).toBe(true),
    5_000,
  );
  const before = performance.now();
  expect(await versionAt(await provider("stable"))).toBe(versionOfImage(images.v1));
  expect(performance.now() - before).toBeGreaterThan(100);
});

test("a service whose instances are all full says so, and the call may go elsewhere", async () => {
  const { control, live, fake, provider, versionAt } = await open();
  await control.scale({ most: 1 }, live);
  const [revision] = fake.platform.services()[0]?.revisions.values() ?? [];
  const taken = await Promise.all(Array.from({ length: 80 }, () => revision?.pool.take()));
  const asked = versionAt(await provider("stable"));
  await expect(asked).rejects.toMatchObject({ code: "backend_full", kind: { retryable: true } });
  for (const lease of taken) lease?.release();
});

test("nobody is let in without a token, nor with one for another service", async () => {
  const { provider, versionAt } = await open({ keys: { auth: "none" } });
  await expect(versionAt(await provider("stable"))).rejects.toMatchObject({ code: "backend_failed" });
  const other = await open({ keys: { audience: "https://other.a.run.app" } });
  await expect(other.versionAt(await other.provider("stable"))).rejects.toMatchObject({
    code: "backend_failed",
  });
});

test("a public service is called without a token, and none is asked for", async () => {
  const { provider, versionAt, images, fake } = await open({ isPublic: true, keys: { auth: "none" } });
  expect(await versionAt(await provider("stable"))).toBe(versionOfImage(images.v1));
  expect(fake.metadata.issued().identity).toBe(0);
});

test("an audience of the service's own choice lets calls in", async () => {
  const { provider, versionAt, images } = await open({
    customAudiences: ["digits-for-gateways"],
    keys: { audience: "digits-for-gateways" },
  });
  expect(await versionAt(await provider("stable"))).toBe(versionOfImage(images.v1));
});

test("tokens are renewed before they end, and calls go on through it", async () => {
  const clock = createFakeClock();
  const subject = await open({ now: clock.now, clock });
  const provider = await subject.provider("stable");
  const first = versionOfImage(subject.images.v1);
  for (let call = 0; call < 3; call += 1) expect(await subject.versionAt(provider)).toBe(first);
  expect(subject.fake.metadata.issued().identity).toBe(1);
  clock.advance(52 * 60_000);
  expect(await subject.versionAt(provider)).toBe(first);
  await vi.waitFor(() => expect(subject.fake.metadata.issued().identity).toBe(2));
  clock.advance(20 * 60_000);
  expect(await subject.versionAt(provider)).toBe(first);
  expect(subject.fake.metadata.issued().identity).toBe(2);
  clock.advance(120 * 60_000);
  expect(await subject.versionAt(provider)).toBe(first);
  expect(subject.fake.metadata.issued().identity).toBe(3);
});

test("a process that nobody vouches for finds nothing and says why", async () => {
  const { provider, fake, signal } = await open();
  const one = await provider("stable");
  fake.metadata.setBroken(true);
  const failed = await one.discover({ signal }).then(() => undefined, asTradewindError);
  expect(failed).toMatchObject({ code: "provider_unavailable" });
  fake.metadata.setBroken(false);
  expect(await one.discover({ signal })).toHaveLength(1);
});

test.each(both)("a process without any credentials hears which it could have, over %s", async (transport) => {
  const { control, signal } = await open({ transport });
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
  });
  process.env.GOOGLE_APPLICATION_CREDENTIALS = "/nowhere/key.json";
  const failed = await control.status({ signal }).catch(asTradewindError);
  expect(failed).toMatchObject({ code: "provider_forbidden" });
  process.env.GOOGLE_APPLICATION_CREDENTIALS = "";
  expect((await control.status({ signal })).revisions).not.toEqual([]);
});

test.each(both)("a lost cloud takes its services with it over %s, and both come back", async (transport) => {
  const { provider, fake, versionAt, images } = await open({ transport });
  const one = await provider("stable");
  const first = versionOfImage(images.v1);
  expect(await versionAt(one)).toBe(first);
  const [endpoint] = await one.discover({ signal: AbortSignal.timeout(5_000) });
  fake.lose();
  const called = endpoint?.client.describe("digits-s", { signal: AbortSignal.timeout(2_000) });
  await expect(called).rejects.toMatchObject({ kind: { retryable: true } });
  fake.restore();
  expect(await versionAt(one)).toBe(first);
});

/** What a process of its own finds, that knows nothing but a configuration and its environment. */
async function foundByAnother({ settings, fake }: OpenedPlace, more: Readonly<Record<string, string>> = {}) {
  const program = `
    const { openProviders } = await import("#adapters/registry.ts");
    const providers = await openProviders({ a: ${JSON.stringify(settings)} });
    const signal = AbortSignal.timeout(20000);
    const [endpoint] = await providers.get("a").discover({ signal });
    const { version } = await endpoint.client.describe("digits-s", { signal });
    console.log(version);
    process.exit(0);
  `;
  const env = { ...process.env, ...fake.env, ...more };
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { env });
  return stdout.trim();
}

test("another process finds a service and lets itself in with nothing but its environment", async () => {
  const place = await open({ transport: "rest" });
  expect(await foundByAnother(place)).toBe(versionOfImage(place.images.v1));
  expect(place.fake.problems()).toEqual([]);
});

test("where gRPC is encrypted the SDK lets itself in by itself", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cloud-run-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const certificate = selfSigned(["localhost"]);
  const file = join(folder, "roots.pem");
  await writeFile(file, certificate.cert);
  const place = await open({ certificate });
  const found = await foundByAnother(place, { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: file });
  expect(found).toBe(versionOfImage(place.images.v1));
  expect(place.fake.problems()).toEqual([]);
});

test("an API whose certificate nobody vouches for is not trusted", async () => {
  const { control } = await open({ certificate: selfSigned(["localhost"]) });
  const asked = control.status({ signal: AbortSignal.timeout(1_500) });
  await expect(asked).rejects.toMatchObject({ code: "provider_unavailable" });
});
