import { hash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRepository } from "#gateway/repository/create-repository.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { deviceAnswer, enrolmentAnswer } from "#gateway/routes/admin/identity-schemas.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type AdminCall, type AdminDoor, openAdminDoor } from "#test/support/admin-door.ts";
import { openEdgeDoor, probe } from "#test/support/edge-door.ts";
import { ProvingDevice } from "#test/support/proving-device.ts";
import { type Outcome, runTradewind } from "#test/support/run-tradewind.ts";

let door: AdminDoor;
let operator: AdminCall;
beforeAll(async () => {
  door = await openAdminDoor({ firstRoot: async () => root });
  operator = door.as("default");
});
afterAll(async () => {
  await door?.[Symbol.asyncDispose]();
});

/** What tokens of this door say of the first root. */
const root = "r".repeat(43);

const ask = { path: probe };

async function enrolled(token: string, hardware = "camera-1"): Promise<ProvingDevice> {
  const device = new ProvingDevice(openEdgeDoor({ database: door.database }).send);
  expect(await device.enrol(token, { hardware })).toMatchObject({ status: 201 });
  return device;
}

async function madeToken(body: object = {}): Promise<string> {
  const { status, headers, body: answer } = await operator("POST", "/enrolments", body);
  expect(status).toBe(201);
  expect(headers.get("cache-control")).toBe("no-store");
  const { token } = enrolmentAnswer.strict().parse(answer);
  expect(token).toMatch(new RegExp(`^enr_[0-9a-f]{12}\\.[\\w-]{32}\\.${root}$`));
  return token;
}

test("an operator makes a token, sees the device that came with it, names, refuses and never lets it in again", async () => {
  const device = await enrolled(await madeToken({ label: "dock-3", models: ["digits-n"], for: "15m" }));
  const path = `/devices/${device.device}`;
  const shown = deviceAnswer.strict().parse((await operator("GET", path)).body);
  expect(shown).toMatchObject({
    state: "active",
    label: "dock-3",
    models: ["digits-n"],
    hardware: "camera-1",
  });
  expect(shown.keys).toHaveLength(1);
  expect((await operator("PUT", `${path}/label`, { label: "canary" })).status).toBe(204);
  expect((await operator("GET", path)).body).toMatchObject({ label: "canary" });
  expect((await operator("PUT", `${path}/label`, { label: null })).status).toBe(204);
  expect((await operator("GET", path)).body).toMatchObject({ label: null });
  expect((await device.call(ask)).status).toBe(200);
  expect((await operator("DELETE", path)).status).toBe(204);
  expect(await device.call(ask)).toMatchObject({ status: 403, body: { code: "device_revoked" } });
  expect((await operator("GET", path)).body).toMatchObject({ state: "revoked" });
  for (const again of [await operator("DELETE", path), await operator("POST", `${path}/release`)])
    expect(again).toMatchObject({ status: 404, body: { code: "record_unknown" } });
  const actions = (await door.auditOf("default")).filter(({ subject }) => subject === device.device);
  expect(actions.map(({ action, actor }) => [action, actor.split(":")[0]])).toEqual([
    ["device.revoke", "admin-of-default"],
    ["device.label", "admin-of-default"],
    ["device.label", "admin-of-default"],
    ["device.enrol", "enrolment"],
  ]);
});

test("a device that was set aside is let in again by an operator", async () => {
  const device = await enrolled(await madeToken());
  const copy = device.copy();
  await device.call(ask);
  expect((await copy.call(ask)).status).toBe(403);
  const path = `/devices/${device.device}`;
  expect((await operator("GET", path)).body).toMatchObject({
    state: "set_aside",
    set_aside: { why: expect.stringMatching(/copy/) },
  });
  expect((await operator("POST", `${path}/release`)).status).toBe(204);
  expect((await device.call(ask)).status).toBe(200);
  expect((await operator("POST", `${path}/release`)).status).toBe(404);
});

test("a tenant's administrator neither enrols nor sees nor refuses devices", async () => {
  const device = await enrolled(await madeToken());
  await operator("PUT", "/tenants/acme", {});
  const acme = door.as("acme");
  const path = `/devices/${device.device}`;
  for (const answer of [
    await acme("POST", "/enrolments", {}),
    await acme("GET", path),
    await acme("DELETE", path),
    await acme("POST", `${path}/release`),
    await acme("PUT", `${path}/label`, { label: "x" }),
  ])
    expect(answer).toMatchObject({ status: 403, body: { code: "forbidden" } });
});

test.each([
  ["a label with spaces", { label: "a b" }],
  ["a model that is no name", { models: ["{x}"] }],
  ["too long a life", { for: "31d" }],
  ["a word that nobody knows", { uses: 5 }],
])("a token with %s is not made", async (_, body) => {
  expect(await operator("POST", "/enrolments", body)).toMatchObject({
    status: 422,
    body: { code: "parameter_invalid" },
  });
});

test("no token's secret, and nothing that it could be found by, is in the audit", async () => {
  const token = await madeToken({ label: "secretive" });
  const [, secret = ""] = token.split(".");
  const told = JSON.stringify(await door.auditOf("default"));
  expect(told).toContain("enrolment.create");
  expect(told).not.toContain(secret);
  expect(told).not.toContain(hash("sha256", secret, "hex"));
});

const tradewind = (...args: string[]): Promise<Outcome> =>
  runTradewind(["devices", ...args], { DATABASE_URL: door.url });

test("the command makes tokens, each once on a line of its own, with the fingerprint of the first root", async () => {
  const folder = await mkdtemp(join(tmpdir(), "devices-"));
  try {
    await using store = await openBlobs(folder);
    const signal = AbortSignal.timeout(20_000);
    const founders = {
      root: [makeKey(), makeKey()],
      rootThreshold: 2,
      targets: [makeKey()],
      targetsThreshold: 1,
    };
    await createRepository({ store, clock: systemClock }, { ...founders, online: makeKey() }, { signal });
    const { bytes: first } = await store.read("metadata/1.root.json", { maxBytes: 100_000, signal });
    await writeFile(join(folder, "1.root.json"), first);
    const fingerprint = hash("sha256", first, "base64url");
    const flags = ["--count", "2", "--label", "yard", "--for", "1h", "--hardware", "cam"];
    const made = await tradewind("enrol", ...flags, "--store", folder);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringMatching(/good for one device until/) });
    const tokens = made.stdout.trim().split("\n");
    expect(new Set(tokens).size).toBe(2);
    for (const token of tokens) expect(token).toMatch(/^enr_[0-9a-f]{12}\.[\w-]{32}\.[\w-]{43}$/);
    expect(tokens.every((token) => token.endsWith(`.${fingerprint}`))).toBe(true);
    const byFile = await tradewind("enrol", "--root", join(folder, "1.root.json"));
    expect(byFile.stdout.trim().endsWith(`.${fingerprint}`)).toBe(true);
    const device = await enrolled(tokens[0] ?? "", "cam");
    expect((await device.call(ask)).status).toBe(200);
    await writeFile(join(folder, "other.json"), "{}");
    expect((await tradewind("enrol", "--root", join(folder, "other.json"))).code).toBe(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

test("the command lists devices, shows, labels, refuses and releases them", async () => {
  const device = await enrolled((await tradewind("enrol", "--label", "gate")).stdout.trim());
  const id = String(device.device);
  const listed = JSON.parse((await tradewind("list", "--label", "gate", "--json")).stdout);
  expect(listed).toMatchObject([{ id, state: "active", label: "gate", models: "all", report: null }]);
  expect((await tradewind("list")).stdout).toMatch(new RegExp(`^id .*\\n(.*\\n)*${id}  active`));
  const copy = device.copy();
  await device.call(ask);
  await copy.call(ask);
  expect((await tradewind("show", id)).stdout).toMatch(/state: set_aside\n.*label: gate/s);
  expect(await tradewind("release", id)).toMatchObject({ code: 0 });
  expect(await tradewind("label", id, "dock-9")).toMatchObject({ code: 0 });
  expect(JSON.parse((await tradewind("show", id, "--json")).stdout)).toMatchObject({
    state: "active",
    label: "dock-9",
  });
  expect(await tradewind("revoke", id)).toMatchObject({ code: 0 });
  expect((await tradewind("list", "--label", "dock-9")).stdout).not.toContain(id);
  expect((await tradewind("list", "--all")).stdout).toContain(`${id}  revoked`);
  expect(await tradewind("revoke", id)).toMatchObject({ code: 1, stderr: expect.stringMatching(/for good/) });
  const unknown = `dev_${"0".repeat(26)}`;
  expect(await tradewind("show", unknown)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no device/),
  });
}, 60_000);

test("the API leaves the first root out where the gateway has no repository, and makes no token where it cannot be read", async () => {
  const routes = async (more: Parameters<typeof openAdminDoor>[0]) => {
    await using other = await openAdminDoor(more);
    return await other.as("default")("POST", "/enrolments", {});
  };
  expect((await routes({})).body?.token).toMatch(/^enr_[0-9a-f]{12}\.[\w-]{32}$/);
  const unread = () => Promise.reject(new TradewindError("repository_unreachable", "it cannot be read"));
  expect((await routes({ firstRoot: unread })).body).toMatchObject({ code: "repository_unreachable" });
}, 60_000);

test.each([
  ["no verb", []],
  ["a word too many", ["list", "all"]],
  ["a flag of another verb", ["list", "--count", "2"]],
  ["what is no device", ["show", "camera"]],
  ["what is no number", ["enrol", "--count", "many"]],
])("%s is wrong use of the devices command", async (_, args) => {
  const { code, stderr } = await tradewind(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^tradewind devices: /) });
});

test("without a database the command says which address it lacks", async () => {
  const { code, stderr } = await runTradewind(["devices", "list"]);
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/DATABASE_URL is not set/),
  });
});
