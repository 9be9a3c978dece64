import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Tensors } from "#inference/contract.ts";
import type { RunOutcome } from "#inference/engine/messages.ts";
import type { Session } from "#inference/engine/session.ts";
import { identityName, writeModels } from "#test/support/identity-models.ts";
import { openTestServer, type TestServer } from "#test/support/inference-server.ts";

const model = identityName("UINT8");
const bytes = 1_000_000;
let folder = "";
let server: TestServer;
const opened = Promise.withResolvers<void>();

/** Gives back what it got, once it may. */
async function openHeldSession(): Promise<Session> {
  const ended = Promise.withResolvers<void>();
  const answerTo = ({ INPUT0 }: Tensors): RunOutcome =>
    INPUT0 ? { outputs: { OUTPUT0: INPUT0 } } : { failed: "no input" };
  return {
    placement: { executionProvider: "cpu", passedOver: [] },
    run: async (runs) => {
      await opened.promise;
      return { answers: runs.map(answerTo), spent: [], inferenceMs: 1 };
    },
    ended: ended.promise,
    close: async () => ended.resolve(),
    kill: undefined,
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "answer-infer-"));
  await writeModels(folder, [model]);
  const limits = { maxBodyBytes: 1_100_000, maxBytesInHand: 2_500_000 };
  server = await openTestServer(folder, { limits, openSession: openHeldSession });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A kilobyte that becomes a megabyte. */
function compressed(): RequestInit {
  const input = { name: "INPUT0", datatype: "UINT8", shape: [1, bytes] };
  const inputs = [{ ...input, parameters: { binary_data_size: bytes } }];
  const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  const headers = {
    "content-encoding": "gzip",
    "inference-header-content-length": String(json.byteLength),
  };
  const body = gzipSync(Buffer.concat([json, Buffer.alloc(bytes)]));
  return { method: "POST", headers: { ...headers, "content-length": String(body.byteLength) }, body };
}

const ask = async () => await server.app.request(`/v2/models/${model}/infer`, compressed());

test("bodies are held against the room for them by what they are once they are unpacked", async () => {
  const answers = Array.from({ length: 5 }, ask);
  // Two fit, and are being computed; the others are told so at once.
  const refused = await firstOf(answers, 3);
  expect(refused.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(refused[0]?.headers.get("retry-after")).toBe("1");
  const message = expect.stringMatching(/^the bodies in hand leave no room for 1000\d+ bytes more/);
  expect(await refused[0]?.json()).toEqual({ error: message });
  opened.resolve();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 200, 503, 503, 503]);
  // Everybody gave the room back, those who were refused too.
  expect((await Promise.all([ask(), ask()])).map(({ status }) => status)).toEqual([200, 200]);
});

test("uploads that only announce how large they will be keep nobody else out", async () => {
  const uploads: ReadableStreamDefaultController[] = [];
  const announced = (): ReadableStream =>
    new ReadableStream({ start: (upload) => void uploads.push(upload) });
  const idle = Array.from({ length: 8 }, () =>
    server.app.request(`/v2/models/${model}/infer`, {
      method: "POST",
      headers: { "content-length": "1000000" },
      body: announced(),
      duplex: "half",
    } as RequestInit),
  );
  expect((await ask()).status).toBe(200);
  for (const upload of uploads) upload.error(new Error("the caller left"));
  const statuses = (await Promise.all(idle)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([400]));
});

/** Those that are settled first. */
async function firstOf<Result>(promises: readonly Promise<Result>[], count: number): Promise<Result[]> {
  const found: Result[] = [];
  const enough = Promise.withResolvers<void>();
  for (const promise of promises) {
    void promise.then((result) => {
      found.push(result);
      if (found.length === count) enough.resolve();
    });
  }
  await enough.promise;
  return found.slice(0, count);
}
