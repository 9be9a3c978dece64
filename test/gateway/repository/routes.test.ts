import { createHash } from "node:crypto";
import { Hono } from "hono";
import { expect, test } from "vitest";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { type RepositoryRoutesDeps, repositoryRoutes } from "#gateway/repository/routes.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { createMemoryBlobs, type MemoryBlobs } from "#test/support/memory-blobs.ts";

const content = new Uint8Array(5_000).map((_, at) => at % 251);
const sha256 = createHash("sha256").update(content).digest("hex");
const file = `targets/digits-n/3/x64-no-vnni/${sha256}.model.onnx`;
const list = "metadata/7.digits-n.json";
const timestamp = "metadata/timestamp.json";

function serve(deps: Partial<RepositoryRoutesDeps> & { blobs?: MemoryBlobs } = {}) {
  const clock = createFakeClock();
  const blobs = deps.blobs ?? createMemoryBlobs();
  blobs.blobs.set(file, content).set(list, Buffer.from('{"a":7}')).set(timestamp, Buffer.from('{"t":1}'));
  blobs.blobs.set("secret.json", Buffer.from("{}")).set("metadata/notes.txt", Buffer.from("x"));
  const app = new Hono<GatewayEnv>();
  app.onError(answerProblem);
  app.route("/edge/v1", repositoryRoutes({ clock, isPublic: false, ...deps, blobs }));
  const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    app.request(`http://gateway/edge/v1/repository/${path}`, { headers, method });
  return { ask, blobs, clock };
}

async function bytesOf(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer());
}

test("a file is sent whole, under its hash, and may be kept for ever by whoever asked", async () => {
  const answer = await serve().ask(file);
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    etag: `"${sha256}"`,
    "content-length": "5000",
    "accept-ranges": "bytes",
    "cache-control": "private, max-age=31536000, immutable",
    "content-type": "application/octet-stream",
  });
  expect((await bytesOf(answer)).equals(content)).toBe(true);
});

test("caches on the way may keep what is public", async () => {
  const answer = await serve({ isPublic: true }).ask(list);
  expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
});

test("a list that is replaced in place is asked for each time, and is kept from the store for a second", async () => {
  const { ask, blobs, clock } = serve();
  const first = await ask(timestamp);
  expect(first.headers.get("cache-control")).toBe("private, max-age=0");
  blobs.blobs.set(timestamp, Buffer.from('{"t":2}'));
  expect(await (await ask(timestamp)).text()).toBe('{"t":1}');
  clock.advance(1_001);
  const second = await ask(timestamp);
  expect(await second.text()).toBe('{"t":2}');
  expect(second.headers.get("etag")).not.toBe(first.headers.get("etag"));
  expect(blobs.reads.filter((key) => key === timestamp)).toHaveLength(2);
});

test("a list with a version in its name is read from the store once", async () => {
  const { ask, blobs, clock } = serve();
  for (let turn = 0; turn < 3; turn += 1) {
    clock.advance(3_600_000);
    expect(await (await ask(list)).text()).toBe('{"a":7}');
  }
  expect(blobs.reads).toEqual([list]);
});

test("a store that fails is asked again by the next who comes", async () => {
  const blobs = createMemoryBlobs();
  let fails = true;
  const flaky = {
    ...blobs,
    read: ((key, options) => {
      if (fails) return Promise.reject(new TradewindError("blob_unavailable", "away"));
      return blobs.read(key, options);
    }) satisfies MemoryBlobs["read"],
  };
  const { ask } = serve({ blobs: flaky });
  expect((await ask(list)).status).toBe(500);
  fails = false;
  expect((await ask(list)).status).toBe(200);
});

test.each([
  ["bytes=0-99", 206, "bytes 0-99/5000", [0, 100]],
  ["bytes=4900-", 206, "bytes 4900-4999/5000", [4_900, 5_000]],
  ["bytes=4900-9999", 206, "bytes 4900-4999/5000", [4_900, 5_000]],
  ["bytes=-10", 206, "bytes 4990-4999/5000", [4_990, 5_000]],
  ["bytes=-9999", 206, "bytes 0-4999/5000", [0, 5_000]],
  ["bytes=5000-", 416, "bytes */5000", [0, 0]],
  ["bytes=-0", 416, "bytes */5000", [0, 0]],
  ["bytes=0-1,5-6", 200, null, [0, 5_000]],
  ["bytes=9-2", 200, null, [0, 5_000]],
  ["bytes=-", 200, null, [0, 5_000]],
  ["lines=0-1", 200, null, [0, 5_000]],
] as const)("of %s the answer is %i", async (range, status, contentRange, [start, end]) => {
  const answer = await serve().ask(file, { range });
  expect({ status: answer.status, range: answer.headers.get("content-range") }).toEqual({
    status,
    range: contentRange,
  });
  const bytes = await bytesOf(answer);
  expect(bytes.equals(content.subarray(start, end))).toBe(true);
  expect(answer.headers.get("content-length")).toBe(String(end - start));
});

test("a part is sent only to whoever has the rest of the same", async () => {
  const { ask } = serve();
  const same = await ask(file, { range: "bytes=10-", "if-range": `"${sha256}"` });
  expect(same.status).toBe(206);
  for (const other of ['"other"', `W/"${sha256}"`, "Tue, 01 Jan 2030 00:00:00 GMT"]) {
    const whole = await ask(file, { range: "bytes=10-", "if-range": other });
    expect([whole.status, (await bytesOf(whole)).length]).toEqual([200, 5_000]);
  }
});

test("of a list too a range is sent, and what is known is not sent again", async () => {
  const { ask } = serve();
  const part = await ask(list, { range: "bytes=1-3" });
  expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([
    206,
    '"a"',
    "bytes 1-3/7",
  ]);
  expect((await ask(list, { range: "bytes=7-" })).status).toBe(416);
  const etag = part.headers.get("etag") ?? "";
  for (const known of [etag, `"x", ${etag}`, "*"]) {
    const answer = await ask(list, { "if-none-match": known });
    expect([answer.status, await answer.text()]).toEqual([304, ""]);
  }
  expect((await ask(file, { "if-none-match": `"${sha256}"` })).status).toBe(304);
  expect((await ask(file, { "if-none-match": '"x"' })).status).toBe(200);
});

test("of a file nothing is sent where only its head is asked for", async () => {
  const { ask } = serve({ mostAtOnce: 1 });
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await ask(file, {}, "HEAD");
    expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([
      200,
      "5000",
      "",
    ]);
  }
});

test.each([
  "metadata/8.digits-n.json",
  "metadata/notes.txt",
  "metadata/0.root.json",
  "metadata/root.json",
  "metadata/x/7.digits-n.json",
  "metadata/7.%2e%2e.json",
  "secret.json",
  "metadata/..%2fsecret.json",
  "metadata/%2e%2e/secret.json",
  "targets/../secret.json",
  "targets",
  "",
  `targets/digits-n/3/x64/${sha256}.model.onnx`,
  `targets/digits-n/3/x64/${sha256}.passwords`,
  `targets/digits-n/3/gpu/${sha256}.model.onnx`,
  `targets/digits-n/0/x64/${sha256}.model.onnx`,
  `targets/digits-n/99999999999/x64/${sha256}.model.onnx`,
  `targets/digits-n/${sha256}.revocations.json`,
  `${file}/x`,
  file.toUpperCase(),
  `${file}%00`,
])("there is nothing at %s", async (path) => {
  const { ask } = serve();
  const answer = await ask(path);
  expect(answer.status).toBe(404);
  if (answer.headers.get("content-type")?.startsWith("application/problem+json")) {
    expect(await answer.json()).toMatchObject({ code: "record_unknown" });
  }
});

test("who may not read is told so before the store is asked", async () => {
  const admit = () => Promise.reject(new TradewindError("proof_refused", "no proof"));
  const { ask, blobs } = serve({ admit });
  expect((await ask(file)).status).toBe(401);
  expect(blobs.reads).toEqual([]);
});

test("no more files are on their way at once than are allowed, and one that ends or is left makes room", async () => {
  const { ask } = serve({ mostAtOnce: 2 });
  const [first, second] = [await ask(file), await ask(file)];
  const third = await ask(file);
  expect(third.status).toBe(503);
  expect(await third.json()).toMatchObject({ code: "overloaded" });
  await bytesOf(first);
  const fourth = await ask(file);
  expect(fourth.status).toBe(200);
  await second.body?.cancel();
  const fifth = await ask(file);
  expect(fifth.status).toBe(200);
  await Promise.all([fourth.body?.cancel(), fifth.body?.cancel()]);
});

test("a caller who takes nothing for a minute makes room for another", async () => {
  const { ask, clock } = serve({ mostAtOnce: 1 });
  const slow = await ask(file);
  const reader = slow.body?.getReader();
  expect((await reader?.read())?.value?.byteLength).toBe(1_000);
  clock.advance(59_000);
  expect((await ask(file)).status).toBe(503);
  clock.advance(2_000);
  await expect.poll(async () => (await ask(file, {}, "HEAD")).status).toBe(200);
  await expect(reader?.read()).rejects.toThrow("nobody took a byte");
});
