import { expect, test } from "vitest";
import { openDeviceKeys } from "#edge/device/device-keys.ts";
import { createGatewayClient } from "#edge/device/gateway-client.ts";
import type { Prover } from "#edge/device/prove-calls.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";

const { signal } = new AbortController();

/** A gateway, or whoever stands before it, that always says the same. */
async function clientOf(status: number, headers: Readonly<Record<string, string>>, body: unknown = {}) {
  const keys = await openDeviceKeys({ fs: createMemoryDisk(), folder: "/device", now: () => 1 });
  const prover: Prover = { prove: (_, send) => send({}), headersFor: async () => ({}) };
  const answer = {
    status,
    header: (name: string) => headers[name],
    body: Buffer.from(JSON.stringify(body)),
  };
  const exchange = async () => answer;
  return createGatewayClient({ gateway: "https://gw", exchange, prover, keys, chance: systemChance });
}

test.each([
  ["5", 5_000],
  ["900", 900_000],
  ["86400", 900_000],
  ["999999999999", 900_000],
  ["-1", undefined],
  ["Wed, 21 Oct 2037 07:28:00 GMT", undefined],
])("a wish to be asked again after %s s is heard, up to a quarter of an hour", async (said, retryAfterMs) => {
  const client = await clientOf(503, { "retry-after": said });
  const error = await client.time({ signal }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "repository_unreachable", retryAfterMs });
});

test.each([
  ["device_revoked", 403],
  ["proof_refused", 401],
])("what the gateway says of this device keeps its name: %s", async (code, status) => {
  const client = await clientOf(status, { "tradewind-edge": "1" }, { code, detail: "so\nit is" });
  await expect(client.time({ signal })).rejects.toMatchObject({
    code,
    message: expect.stringContaining("so it is"),
  });
});

test("a code that a gateway has no business with here is a gateway that cannot be had", async () => {
  const client = await clientOf(500, { "tradewind-edge": "1" }, { code: "disk_full" });
  await expect(client.time({ signal })).rejects.toMatchObject({ code: "repository_unreachable" });
});
