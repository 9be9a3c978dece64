import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDeviceKeys } from "#edge/device/device-keys.ts";
import { openDisk } from "#edge/store/open-disk.ts";
import { openState } from "#edge/store/open-state.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { deviceKeyOf, proofHeader, signProof, thumbprintOf } from "#infra/runtime/devices/proof.ts";
import { startAgent, until } from "#test/support/edge/agent-process.ts";
import { openEdgeWorld } from "#test/support/edge/edge-world.ts";
import { recordWire } from "#test/support/edge/record-wire.ts";

test("a device that is asked to takes a new key between two syncs, none of which is refused, and the old one ends", {
  timeout: 120_000,
}, async () => {
  await using world = await openEdgeWorld();
  await using wire = await recordWire({ to: world.gateway.url });
  const folder = join(world.folder, "device");
  const args = ["--gateway", wire.url, "--data", folder, "--every", "1s"];
  const agent = await startAgent({ args: [...args, "--enrol", await world.token()] });
  await using _ = agent;
  const { device } = await until(agent.status, (now) => now.device !== null);
  await agent.sync();
  const old = await keyIn(folder);
  const pem = await readFile(join(folder, "keys/device.pem"), "utf8");
  const troubles: (string | null)[] = [];
  const asked = await fetch(`${agent.url}/edge/rotate-key`, { method: "POST" });
  expect(asked.status).toBe(202);
  await until(
    async () => {
      troubles.push((await agent.sync()).trouble);
      return await readFile(join(folder, "keys/device.pem"), "utf8");
    },
    (text) => text !== pem,
  );
  for (let more = 0; more < 3; more += 1) troubles.push((await agent.sync()).trouble);
  expect(new Set(troubles)).toEqual(new Set([null]));
  expect(refusals(wire.heard())).toEqual([]);
  const rows = await world.database.query(
    "SELECT thumbprint, ends_at > now() + interval '23 hours' AS ends FROM device_keys WHERE device = $1 ORDER BY ends_at",
    [device],
  );
  const now = await keyIn(folder);
  expect(rows).toEqual([
    { thumbprint: nameOf(old), ends: true },
    { thumbprint: nameOf(now), ends: null },
  ]);
  const last = await agent.stop().then(() => numbersIn(folder));
  const plan = async (number: number) => {
    const call = { method: "GET", path: "/edge/v1/plan?nonce=0123456789abcdef" };
    const proof = await signProof(call, { key: old, device: device ?? "", number, now: clock.now(), chance });
    return await fetch(`${world.gateway.url}${call.path}`, { headers: { [proofHeader]: proof } });
  };
  // Numbers that were set aside before the agent ended, so that nobody takes these for a copy's.
  expect((await plan(last - 1)).status).toBe(200);
  await world.database.query(
    "UPDATE device_keys SET ends_at = now() - interval '1 second' WHERE thumbprint = $1",
    [nameOf(old)],
  );
  const refused = await plan(last);
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ code: "proof_refused" });
  await using again = await startAgent({ args });
  expect((await again.sync()).trouble).toBeNull();
});

test("a page that a person opens on the device cannot have its key exchanged", {
  timeout: 60_000,
}, async () => {
  await using world = await openEdgeWorld();
  const args = ["--gateway", world.gateway.url, "--data", join(world.folder, "device"), "--enrol"];
  await using agent = await startAgent({ args: [...args, await world.token()] });
  const asked = await fetch(`${agent.url}/edge/rotate-key`, {
    method: "POST",
    headers: { origin: "https://page.example" },
  });
  expect(asked.status).toBe(403);
});

async function keyIn(folder: string) {
  const keys = await openDeviceKeys({ fs: openDisk(), folder, now: Date.now });
  const held = keys.current();
  if (!held) throw new Error("there is no key");
  return held.key;
}

function nameOf(key: Awaited<ReturnType<typeof keyIn>>): string {
  return thumbprintOf(deviceKeyOf(key));
}

async function numbersIn(folder: string): Promise<number> {
  await using state = await openState({ fs: openDisk(), folder });
  return state.state.identity.reservedNumbers;
}

/** Answers by which the gateway did not let somebody in. */
function refusals(heard: Buffer): readonly string[] {
  return heard.toString("latin1").match(/HTTP\/1\.1 40[13] [^\r]*/g) ?? [];
}
