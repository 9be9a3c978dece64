import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type GatewayProcess,
  keysYaml,
  makeFileKey,
  picture,
  startGateway,
} from "#test/support/gateway-process.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";

const key = makeFileKey();

let backend: PatientBackend;
let gateway: GatewayProcess;
beforeAll(async () => {
  backend = await startPatientBackend();
  const config = { limits: { bodyTimeout: "2s" } };
  gateway = await startGateway({ backend: backend.url, config, keys: keysYaml([key]) });
});
afterAll(async () => {
  for (const part of [gateway, backend]) await part?.[Symbol.asyncDispose]();
});

type Ended = { readonly said: string; readonly afterMs: number };

const drips: Readonly<Record<string, { readonly first: string; readonly drop: string }>> = {
  headers: { first: "POST /v1/models/digits-s/detect HTTP/1.1\r\nhost: here\r\n", drop: "x-a: b\r\n" },
  "the body": {
    first: `POST /v1/models/digits-s/detect HTTP/1.1\r\nhost: here\r\nauthorization: Bearer ${key.text}\r\ncontent-length: 100000\r\n\r\n`,
    drop: "x",
  },
  "a chunked body": {
    first: `POST /v1/models/digits-s/detect HTTP/1.1\r\nhost: here\r\nauthorization: Bearer ${key.text}\r\ntransfer-encoding: chunked\r\n\r\n`,
    drop: "1\r\nx\r\n",
  },
  "a body without a key": {
    first: "POST /v1/models/digits-s/detect HTTP/1.1\r\nhost: here\r\ncontent-length: 100000\r\n\r\n",
    drop: "x",
  },
};

/** Sends a little every tenth of a second until the server hangs up. */
async function drip({ first, drop }: { readonly first: string; readonly drop: string }): Promise<Ended> {
  const began = performance.now();
  const socket = connect(gateway.port, "127.0.0.1");
  await once(socket, "connect");
  let said = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    said += bytes;
  });
  socket.write(first);
  const dripping = setInterval(() => socket.writable && socket.write(drop), 100);
  await once(socket, "close").finally(() => clearInterval(dripping));
  return { said: said.split("\r\n")[0] ?? "", afterMs: performance.now() - began };
}

test("two hundred connections that drip stop nobody, and each is cut off in time", {
  timeout: 60_000,
}, async () => {
  const kinds = Object.entries(drips);
  const dripping = Array.from({ length: 200 }, (_, place) => {
    const [kind = "", how] = kinds[place % kinds.length] ?? [];
    if (!how) throw new Error("no such drip");
    return drip(how).then((ended) => ({ kind, ...ended }));
  });
  let [isOver, pictures] = [false, 0];
  const good: { readonly status: number; readonly ms: number }[] = [];
  const answering = (async () => {
    while (!isOver) {
      const body = await picture(++pictures);
      good.push(await gateway.ask("/v1/models/digits-s/detect", { key: key.text, body }));
    }
  })();
  const ended = await Promise.all(dripping).finally(() => {
    isOver = true;
  });
  await answering;
  expect(new Set(good.map(({ status }) => status))).toEqual(new Set([200]));
  expect(good.length).toBeGreaterThan(50);
  expect(Math.max(...good.map(({ ms }) => ms))).toBeLessThan(3_000);
  const lines = Map.groupBy(ended, ({ kind }) => kind);
  for (const [kind, { said }] of [...lines].map(([kind, all]) => [kind, all[0] ?? { said: "" }] as const)) {
    expect({ kind, said }).toEqual({
      kind,
      said:
        kind === "a body without a key" ? expect.stringContaining(" 401 ") : expect.stringContaining(" 408 "),
    });
  }
  // Headers have ten seconds, a body the two that are set here; whoever watches looks every two seconds.
  for (const { kind, afterMs } of ended)
    expect({ kind, isInTime: afterMs < (kind === "headers" ? 16_000 : 14_000) }).toEqual({
      kind,
      isInTime: true,
    });
});
