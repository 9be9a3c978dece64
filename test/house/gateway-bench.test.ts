import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { looksLikeKey } from "#gateway/records/api-key.ts";
import { headerSize } from "#inference/image/header-size.ts";
import { sniffImage } from "#inference/image/sniff.ts";
import { benchKey, keyLength } from "../bench/gateway/bench-keys.ts";
import { checkAnswers } from "../bench/gateway/check-answers.ts";
import { answer } from "../bench/gateway/constant-answer.ts";
import { readAdmissions } from "../bench/gateway/counted-elsewhere.ts";
import { stamp, stampBytes, writeJpeg } from "../bench/gateway/jpeg.ts";
import { type LoadGenerator, openLoadGenerator } from "../bench/gateway/load-generator.ts";
import type { Shape } from "../bench/gateway/load-order.ts";
import { processorTimes, spentMs } from "../bench/gateway/processor-time.ts";
import { provideFolder } from "../bench/gateway/provide.ts";
import type { Contender } from "../bench/gateway/reading.ts";
import { openRequestWriter } from "../bench/gateway/request-writer.ts";

const { signal } = new AbortController();
let generator: LoadGenerator;

beforeAll(async () => {
  generator = await openLoadGenerator(signal);
});

afterAll(async () => {
  await generator[Symbol.asyncDispose]();
});

const shape: Shape = { path: "/x", form: "image", bytes: 2_048, images: "unique", keys: 1, tenant: "rated" };

test.each([2_048, 61_440, 1_048_576])(
  "a picture of the gateway bench is a whole JPEG of %i bytes",
  (size) => {
    const { bytes, stampAt } = writeJpeg(size);
    expect(bytes.byteLength).toBe(size);
    expect(sniffImage(bytes)).toBe("jpeg");
    expect(headerSize(bytes, "jpeg")?.width).toBeGreaterThan(64);
    const coded = bytes.subarray(stampAt, size - 2);
    expect(coded.includes(0xff)).toBe(false);
    expect(bytes.subarray(stampAt - 10, stampAt - 8)).toEqual(Buffer.from([0xff, 0xda]));
    expect(bytes.subarray(size - 2)).toEqual(Buffer.from([0xff, 0xd9]));
  },
);

test("a stamp is another for every number and holds no marker", () => {
  const stamps = [0, 1, 15, 16, 2 ** 32, 2 ** 40 + 7].map((number) => {
    const bytes = Buffer.alloc(stampBytes);
    stamp(bytes, 0, number);
    return bytes.toString("latin1");
  });
  expect(new Set(stamps).size).toBe(stamps.length);
  expect(stamps.every((text) => Number.parseInt(text, 16) >= 0 && /^[0-9a-f]{16}$/.test(text))).toBe(true);
  expect(Number.parseInt(stamps.at(-1) ?? "", 16)).toBe(2 ** 40 + 7);
});

test("a load of unique images never sends the same image twice, whichever connection sends it", () => {
  const writers = [openRequestWriter(shape), openRequestWriter(shape)];
  const bodies = [0, 1, 0, 1].map((one) =>
    bodyOf(writers[one]?.next() ?? Buffer.alloc(0)).toString("latin1"),
  );
  expect(new Set(bodies).size).toBe(4);
  expect(bodies.every((body) => body.length === 2_048)).toBe(true);
});

test("a load of few images sends those and no other", () => {
  const writer = openRequestWriter({ ...shape, images: 3 });
  const bodies = Array.from({ length: 12 }, () => bodyOf(writer.next()).toString("latin1"));
  expect(new Set(bodies).size).toBe(3);
});

test("an image in base64 is the same image, stamped in its coded data", () => {
  const writer = openRequestWriter({ ...shape, form: "json" });
  const images = [1, 2].map(() => {
    const { image } = JSON.parse(bodyOf(writer.next()).toString()) as { readonly image: string };
    return Buffer.from(image, "base64");
  });
  const plain = writeJpeg(2_048);
  for (const image of images) {
    expect(image.byteLength).toBe(2_048);
    expect(image.subarray(0, plain.stampAt)).toEqual(plain.bytes.subarray(0, plain.stampAt));
    expect(image.subarray(2_000)).toEqual(plain.bytes.subarray(2_000));
  }
  expect(images[0]).not.toEqual(images[1]);
});

test("a load takes its keys in turn, and each is one that the gateway could have made", () => {
  const writer = openRequestWriter({ ...shape, keys: 5 });
  const keys = Array.from({ length: 10 }, () => /Bearer (\S+)/.exec(writer.next().toString("latin1"))?.[1]);
  expect(new Set(keys)).toEqual(new Set([0, 1, 2, 3, 4].map((number) => benchKey("rated", number))));
  expect(benchKey("bounded", 0)).not.toBe(benchKey("rated", 0));
  expect(keys.every((key) => key?.length === keyLength && looksLikeKey(key))).toBe(true);
});

test("a closed loop counts what was answered, and a refusal fails it", async () => {
  await using resources = new AsyncDisposableStack();
  const good = await listen(resources, (request, response) => {
    request.resume().on("end", () => response.end("ok"));
  });
  const order = { kind: "closed", shape, concurrency: 2, warmUpMs: 20, windowMs: 100 } as const;
  const { answered, total, perSecond, p99Ms } = await generator.load({ ...order, port: good });
  expect(answered).toBeGreaterThan(2);
  expect(total).toBeGreaterThanOrEqual(answered);
  // Within what a fraction loses on its way.
  expect(perSecond).toBeLessThan(answered / 0.1 + 0.001);
  expect(p99Ms).toBeGreaterThan(0);
  const bad = await listen(resources, (request, response) => {
    request.resume().on("end", () => response.writeHead(503).end());
  });
  await expect(generator.load({ ...order, port: bad })).rejects.toThrow("status 503");
});

test("a window in which a server stood still goes on until enough was answered", async () => {
  await using resources = new AsyncDisposableStack();
  const port = await listen(resources, (request, response) => {
    request.resume().on("end", () => setTimeout(() => response.end("ok"), 15));
  });
  const order = { kind: "closed", port, shape, concurrency: 1, warmUpMs: 0, windowMs: 40 } as const;
  const { answered, perSecond } = await generator.load(order);
  expect(answered).toBe(10);
  expect(perSecond).toBeLessThan(1000 / 15);
});

test("a fixed rate counts the wait of every request that was due while a server stood still", async () => {
  await using resources = new AsyncDisposableStack();
  let standing: Promise<void> | undefined;
  const port = await listen(resources, (request, response) => {
    standing ??= new Promise((resolve) => setTimeout(resolve, 300));
    request.resume().on("end", () => void standing?.then(() => response.end("ok")));
  });
  const answer = await generator.load({
    ...{ kind: "paced", shape, port, perSecond: 500, warmUpMs: 0, windowMs: 600 },
  });
  // Half of the requests were due in the stand-still, evenly spread over it; senders that wait for their answers would
  // have met it once each, and then have called it over.
  expect(answer.answered).toBeGreaterThan(250);
  expect(answer.p99Ms).toBeGreaterThan(200);
  expect(answer.p99Ms).toBeGreaterThan(answer.p50Ms);
});

test("processor time is that of the named processes, and grows with their work", async () => {
  const before = await processorTimes([process.pid]);
  for (const started = performance.now(); performance.now() - started < 60; ) Math.sqrt(started);
  expect(spentMs(before, await processorTimes([process.pid]))).toBeGreaterThan(0);
  expect(spentMs(before, await processorTimes([]))).toBe(0);
});

test("a process that ends or begins between two readings of processor time is left out", async () => {
  expect(await processorTimes([2 ** 22 + 1])).toEqual(new Map());
  const before = new Map([
    [1, 100],
    [2, 50],
  ]);
  expect(
    spentMs(
      before,
      new Map([
        [1, 130],
        [3, 70],
      ]),
    ),
  ).toBe(30);
});

test("the gateway bench refuses to measure a side that answers something else", async () => {
  await using resources = new AsyncDisposableStack();
  const side = async (text: string, headers = {}): Promise<Contender> => ({
    name: "planted",
    server: {
      port: await listen(resources, (request, response) => {
        request.resume().on("end", () => response.writeHead(200, headers).end(text));
      }),
      pids: [],
      output: () => "",
      [Symbol.asyncDispose]: async () => undefined,
    },
    shape: (bytes, images) => ({ ...shape, bytes, images }),
  });
  const [whole, empty] = [await side(answer), await side('{"detections":[]}')];
  const always = await side(answer, { "cache-status": "tradewind; hit" });
  await checkAnswers([whole], [], signal);
  await expect(checkAnswers([empty], [], signal)).rejects.toThrow("answered 0 boxes instead of 5");
  await expect(checkAnswers([whole], [whole], signal)).rejects.toThrow("did not answer the same image");
  await expect(checkAnswers([always], [always], signal)).rejects.toThrow("that it never saw");
});

test("the share of requests that Redis never counted is read from the gateway's own metrics", () => {
  const metrics = ["everywhere", "here", "nowhere"].map(
    (where, index) => `tradewind_admissions_total{counted="${where}"} ${[97, 2, 1][index]}`,
  );
  expect(readAdmissions(`# HELP\n${metrics.join("\n")}\n`)).toEqual({ everywhere: 97, all: 100 });
  expect(readAdmissions("")).toEqual({ everywhere: 0, all: 0 });
});

test("what a peer needs is made once, and a peer that cannot be had is skipped with the reason", async () => {
  await using resources = new AsyncDisposableStack();
  const contents = await mkdtemp(join(tmpdir(), "bench-provide-"));
  resources.defer(() => rm(contents, { recursive: true }));
  const asked = { name: "planted", contents, mayInstall: true, say: () => undefined, signal };
  let made = 0;
  const make = async (folder: string) => {
    made += 1;
    await writeFile(join(folder, "program"), "planted");
  };
  const fail = async () => Promise.reject(new Error("no network"));
  expect(await provideFolder({ ...asked, mayInstall: false, make })).toMatchObject({
    skipped: expect.stringContaining("a full run fetches it"),
  });
  expect(await provideFolder({ ...asked, make: fail })).toMatchObject({
    skipped: expect.stringContaining("no network"),
  });
  const provided = await provideFolder({ ...asked, make });
  if ("skipped" in provided) throw new Error(provided.skipped);
  resources.defer(() => rm(provided.path, { recursive: true }));
  expect(await readFile(join(provided.path, "program"), "utf8")).toBe("planted");
  expect(await provideFolder({ ...asked, mayInstall: false, make: fail })).toEqual(provided);
  expect(made).toBe(1);
});

function bodyOf(request: Buffer): Buffer {
  return request.subarray(request.indexOf("\r\n\r\n") + 4);
}

async function listen(resources: AsyncDisposableStack, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  resources.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}
