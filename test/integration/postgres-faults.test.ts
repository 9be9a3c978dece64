import { afterAll, beforeAll, expect, test } from "vitest";
import { type GatewayProcess, patiently, picture, startGateway } from "#test/support/gateway-process.ts";
import { type LiveRecords, type MadeKey, openLiveRecords } from "#test/support/live-records.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";

let records: LiveRecords;
let backend: PatientBackend;
let gateway: GatewayProcess;
let key: MadeKey;
beforeAll(async () => {
  records = await openLiveRecords();
  backend = await startPatientBackend();
  key = await records.key();
  gateway = await startGateway({ backend: backend.url, env: { DATABASE_URL: records.url } });
});
afterAll(async () => {
  for (const part of [gateway, backend, records]) await part?.[Symbol.asyncDispose]();
});

let pictures = 0;
const see = async (who = key) =>
  gateway.ask("/v1/models/digits-s/detect", { key: who.text, body: await picture(++pictures) });

test("while PostgreSQL is gone known keys work on, and what they use meanwhile is written when it is back", async () => {
  let [sent, isOpen] = [0, true];
  const problems: string[] = [];
  const flow = async (): Promise<void> => {
    while (isOpen) {
      const reply = await see().catch(String);
      sent += 1;
      if (typeof reply === "string" || reply.status !== 200) problems.push(JSON.stringify(reply));
    }
  };
  const flows = [flow(), flow(), flow()];
  try {
    await expect.poll(() => sent, patiently).toBeGreaterThan(20);
    await records.kill();
    const atKill = sent;
    await expect.poll(() => sent, { timeout: 10_000 }).toBeGreaterThan(atKill + 100);
    const usage = await gateway.ask("/v1/usage", { key: key.text });
    expect(usage.json.code).toBe("database_unavailable");
    await records.comeBack();
  } finally {
    isOpen = false;
    await Promise.all(flows);
  }
  expect(problems).toEqual([]);
  const told = async () => {
    const { status, json } = await gateway.ask("/v1/usage", { key: key.text });
    return { status, images: json.images, requests: json.requests };
  };
  await expect.poll(told, { timeout: 20_000 }).toEqual({ status: 200, images: sent, requests: sent });
});

test("keys that are made and revoked after PostgreSQL came back are heard of as before", async () => {
  const status = async (who: MadeKey) => (await gateway.ask("/v1/models", { key: who.text })).status;
  const late = await records.key();
  await expect.poll(() => status(late), { timeout: 5_000 }).toBe(200);
  await records.revoke(late.id);
  await expect.poll(() => status(late), { timeout: 5_000 }).toBe(401);
});
