import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type GatewayProcess,
  keysYaml,
  makeFileKey,
  patiently,
  picture,
  startGateway,
} from "#test/support/gateway-process.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { residentBytes } from "#test/support/process-tree.ts";
import { openRaw } from "#test/support/raw-http.ts";

const mib = 1_048_576;
const key = makeFileKey();

let backend: PatientBackend;
let gateway: GatewayProcess;
let small: GatewayProcess;
beforeAll(async () => {
  backend = await startPatientBackend();
  const open = (limits: object) =>
    startGateway({ backend: backend.url, config: { limits }, keys: keysYaml([key]) });
  gateway = await open({ body: "4MiB", bodiesInHand: "96MiB" });
  small = await open({ body: "2MiB", bodiesInHand: "4MiB", inFlight: 8 });
});
afterAll(async () => {
  for (const part of [gateway, small, backend]) await part?.[Symbol.asyncDispose]();
});

let pictures = 0;
const see = async (from: GatewayProcess) =>
  from.ask("/v1/models/digits-s/detect", { key: key.text, body: await picture(++pictures) });

const chunk = Buffer.concat([Buffer.from("40000\r\n"), Buffer.alloc(mib / 4, 0xff), Buffer.from("\r\n")]);

/** Pours chunks on a new connection until the server hangs up; tells what it said, and how much went out. */
async function pour(): Promise<{ readonly said: string; readonly bytes: number }> {
  const socket = connect(gateway.port, "127.0.0.1");
  await once(socket, "connect");
  let said = "";
  socket.on("data", (bytes) => {
    said += bytes;
  });
  socket.on("error", () => {});
  socket.on("end", () => socket.destroy());
  socket.write(head("transfer-encoding: chunked"));
  let bytes = 0;
  const flow = (): void => {
    while (said === "" && socket.writable) {
      bytes += chunk.byteLength;
      if (!socket.write(chunk)) return void socket.once("drain", flow);
    }
  };
  flow();
  await once(socket, "close");
  return { said: /"code":"(\w+)"/.exec(said)?.[1] ?? "", bytes };
}

test("500 MB of chunked rubbish over 20 connections are refused with flat memory, and good requests answered meanwhile", {
  timeout: 120_000,
}, async () => {
  for (let n = 0; n < 20; n += 1) await see(gateway);
  const before = await residentBytes([gateway.pid]);
  let [poured, most, isOver] = [0, 0, false];
  const codes: Record<string, number> = {};
  const connection = async (): Promise<void> => {
    while (poured < 500 * mib) {
      const { said, bytes } = await pour();
      poured += bytes;
      codes[said] = (codes[said] ?? 0) + 1;
    }
  };
  const statuses: number[] = [];
  const good = async (): Promise<void> => {
    while (!isOver) {
      statuses.push((await see(gateway)).status);
      most = Math.max(most, await residentBytes([gateway.pid]));
    }
  };
  const answering = good();
  await Promise.all(Array.from({ length: 20 }, connection)).finally(() => {
    isOver = true;
  });
  await answering;
  expect(Object.keys(codes)).toEqual(["body_too_large"]);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(statuses.length).toBeGreaterThan(20);
  // At one moment 20 bodies of 4 MiB may be here, and as much again waits to be collected.
  expect(most - before).toBeLessThan(250 * mib);
});

const head = (body: string): string =>
  [
    "POST /v1/models/digits-s/detect HTTP/1.1",
    "host: here",
    `authorization: Bearer ${key.text}`,
    "content-type: image/png",
    body,
    "",
    "",
  ].join("\r\n");

test("beyond the requests in hand the answer is an immediate 503, and there is room again when they are answered", async () => {
  backend.hold();
  const waiting = await Promise.all(Array.from({ length: 8 }, async () => ({ reply: see(small) })));
  await expect.poll(backend.waiting, patiently).toBe(8);
  for (let n = 0; n < 20; n += 1) {
    const { status, json, headers, ms } = await see(small);
    expect([status, json.code]).toEqual([503, "overloaded"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(ms).toBeLessThan(1_000);
  }
  backend.release();
  for (const { reply } of waiting) expect((await reply).status).toBe(200);
  expect((await see(small)).status).toBe(200);
});

test("a request that finds no place is refused before its body is here", async () => {
  backend.hold();
  const waiting = await Promise.all(Array.from({ length: 8 }, async () => ({ reply: see(small) })));
  await expect.poll(backend.waiting, patiently).toBe(8);
  using connection = await openRaw(small.port);
  connection.send(head(`content-length: ${2 * mib}`));
  expect((await connection.next()).status).toBe(503);
  backend.release();
  for (const { reply } of waiting) expect((await reply).status).toBe(200);
});

/** A connection whose body is there but for its last byte. */
async function almost(port: number, bytes: number) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {});
  socket.write(head(`content-length: ${bytes}`));
  await new Promise<void>((resolve) => socket.write(Buffer.alloc(bytes - 1, 0xff), () => resolve()));
  return socket;
}

test("beyond the bytes in hand the answer is an immediate 503 with flat memory, until they are gone", {
  timeout: 60_000,
}, async () => {
  const holding = [await almost(small.port, 2 * mib - 1_000), await almost(small.port, 2 * mib - 1_000)];
  const body = Buffer.alloc(mib, 0xff);
  const large = () => small.ask("/v1/models/digits-s/detect", { key: key.text, body });
  await expect.poll(async () => (await large()).status, { timeout: 5_000 }).toBe(503);
  const before = await residentBytes([small.pid]);
  for (let n = 0; n < 200; n += 1) {
    const { status, json, headers, ms } = await large();
    expect([status, json.code]).toEqual([503, "overloaded"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(ms).toBeLessThan(1_000);
  }
  expect((await residentBytes([small.pid])) - before).toBeLessThan(100 * mib);
  // What fits beside them is answered all the while.
  expect((await see(small)).status).toBe(200);
  for (const socket of holding) socket.destroy();
  await expect.poll(async () => (await large()).json.code, { timeout: 5_000 }).toBe("image_type_unsupported");
});
