import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchFile } from "#edge/fetch/fetch-file.ts";
import { fetchSmall } from "#edge/fetch/fetch-small.ts";
import { readBounded } from "#edge/fetch/read-bounded.ts";
import { openBadLine, startBadOrigin } from "#test/support/edge/bad-origin.ts";
import { type FetchWorld, openFetchWorld } from "#test/support/edge/fetch-world.ts";
import { listed, noise } from "#test/support/edge/fetched.ts";
import { startHttpsServer } from "#test/support/https-server.ts";

const { signal } = new AbortController();
let world: FetchWorld;

beforeEach(async () => {
  world = await openFetchWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

async function runToItsEnd(url: string, listing: string): Promise<number> {
  const program = join(import.meta.dirname, "../../support/edge/fetch-main.ts");
  const child = fork(program, [url, world.part, listing], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  return code;
}

test("a file arrives over a line that is cut twenty times, with a new process after each", {
  timeout: 120_000,
}, async () => {
  await using line = await openBadLine({ to: world.origin.url });
  const listing = await world.writeListing();
  for (let cut = 0; cut < 20; cut += 1) line.faults.push({ kind: "cut", after: 148_000 + 91 * cut });
  const codes: number[] = [];
  while (codes.at(-1) !== 0 && codes.length < 40) codes.push(await runToItsEnd(line.url, listing));
  expect(codes).toEqual([...Array(20).fill(3), 0]);
  expect(await world.isFetched()).toBe(true);
  expect(line.bytes).toBeLessThanOrEqual(1.05 * world.content.byteLength);
});

test("golden images come over a line that breaks every 64 KiB, which is less than they are", async () => {
  const golden = noise(1_048_576 + 5, 3);
  const file = { ...listed(golden), address: `targets/m/1/any/${listed(golden).sha256}.golden.json` };
  world.origin.files.set(file.address, golden);
  await using line = await openBadLine({ to: world.origin.url });
  line.faults.push(...Array.from({ length: 100 }, () => ({ kind: "cut", after: 65_536 }) as const));
  await using fetched = world.opened({ url: line.url });
  const { clock, chance, backoff } = world.wanted({ origins: [fetched] });
  const ask = { file, maxBytes: 4_194_304, origins: [fetched], clock, chance, backoff, signal };
  expect(golden.equals(await fetchSmall(ask))).toBe(true);
  expect(line.over).toBeGreaterThanOrEqual(16);
  expect(line.bytes).toBeLessThanOrEqual(1.05 * golden.byteLength);
});

test("one process goes on over twenty cuts, corrupted bytes and black holes", async () => {
  await using line = await openBadLine({ to: world.origin.url });
  for (let cut = 0; cut < 20; cut += 1) line.faults.push({ kind: "cut", after: 90_000 + 1_013 * cut });
  line.faults.push({ kind: "corrupt", after: 200_000 }, { kind: "black hole", after: 100_000 });
  await using fetched = world.opened({ url: line.url });
  const mending = setInterval(() => line.over >= 21 && line.faults.length === 1 && line.mend(), 700);
  const { received } = await fetchFile(world.wanted({ origins: [fetched] }));
  clearInterval(mending);
  expect(await world.isFetched()).toBe(true);
  expect(line.over).toBe(22);
  expect(received).toBeLessThanOrEqual(1.1 * world.content.byteLength);
});

test("with the cable pulled nothing comes, and once it is back all of it does", async () => {
  await using line = await openBadLine({ to: world.origin.url });
  await using fetched = world.opened({ url: line.url });
  line.isAway = true;
  const options = world.wanted({ origins: [fetched], tries: 3 });
  await expect(fetchFile(options)).rejects.toMatchObject({ code: "repository_unreachable" });
  line.isAway = false;
  await fetchFile(options);
  expect(await world.isFetched()).toBe(true);
});

test("through a proxy the file comes as well, and the proxy sees where from", async () => {
  await using proxy = await startBadOrigin();
  proxy.always = (usual, { url = "" }) => {
    const part = world.content.subarray(0);
    return url.startsWith("http://gateway.example/") ? { ...usual, status: 200, body: part } : undefined;
  };
  const { origin: proxyUrl } = new URL(proxy.url);
  await using fetched = world.opened({ url: "http://gateway.example/edge/v1/repository", proxy: proxyUrl });
  await fetchFile(world.wanted({ origins: [fetched] }));
  expect(await world.isFetched()).toBe(true);
  expect(proxy.requests[0]?.path).toContain(
    `http://gateway.example/edge/v1/repository/${world.file.address}`,
  );
});

test("who stands between with a certificate of their own gets nothing, nor does the device from them", async () => {
  await using server = await startHttpsServer(["localhost"], (_, response) =>
    response.writeHead(200, { "tradewind-edge": "1" }).end("here"),
  );
  const url = `https://localhost:${server.port}/edge/v1/repository`;
  await using fetched = world.opened({ url, prove: async () => ({ "tradewind-proof": "secret" }) });
  const asked = fetched.get({ address: "metadata/timestamp.json", signal });
  await expect(asked).rejects.toMatchObject({
    code: "repository_unreachable",
    hint: expect.stringContaining("clock"),
  });
  expect(server.requests).toHaveLength(0);
  await using trusting = world.opened({ url, ca: server.ca });
  const answer = await trusting.get({ address: "metadata/timestamp.json", signal });
  expect(Buffer.from(await readBounded(answer, { maxBytes: 10 })).toString()).toBe("here");
  expect(trusting).toMatchObject({ isGateway: true, overTls: true });
});

test("an encrypted gateway is reached through a proxy that sees its name and nothing else", async () => {
  await using server = await startHttpsServer(["localhost"], (_, response) =>
    response.writeHead(200, { "tradewind-edge": "1" }).end("here"),
  );
  const tunnels: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(400).end());
  proxy.on("connect", ({ url = "" }, near) => {
    tunnels.push(url);
    const far = connect(server.port, "127.0.0.1", () => near.write("HTTP/1.1 200 OK\r\n\r\n"));
    pipeline(near, far, near, () => {});
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  await using resources = new AsyncDisposableStack();
  resources.defer(() => void proxy.close());
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const url = `https://localhost:${server.port}/edge/v1/repository`;
  await using fetched = world.opened({ url, proxy: proxyUrl, ca: server.ca });
  const answer = await fetched.get({ address: "metadata/timestamp.json", signal });
  expect(Buffer.from(await readBounded(answer, { maxBytes: 10 })).toString()).toBe("here");
  expect(tunnels).toEqual([`localhost:${server.port}`]);
});

test("a process that is killed amid a file ten times leaves a part that is worth its bytes", {
  timeout: 120_000,
}, async () => {
  await using line = await openBadLine({ to: world.origin.url });
  world.origin.always = (usual) => ({ ...usual, drip: { bytes: 65_536, ms: 5 } });
  const listing = await world.writeListing();
  const program = join(import.meta.dirname, "../../support/edge/fetch-main.ts");
  for (let kill = 1; kill <= 10; kill += 1) {
    const goal = (kill * world.content.byteLength) / 12;
    const child = fork(program, [line.url, world.part, listing], { stdio: "inherit" });
    await expect.poll(() => line.bytes > goal, { interval: 1, timeout: 20_000 }).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  world.origin.always = () => undefined;
  expect(await runToItsEnd(line.url, listing)).toBe(0);
  expect(await world.isFetched()).toBe(true);
  // What was in the air with each kill came for nothing, and nothing that was kept came again.
  const starts = world.origin.requests.map(({ headers }) =>
    Number(/^bytes=(\d+)-/.exec(headers.range ?? "")?.[1]),
  );
  expect(starts).toEqual(starts.toSorted((one, other) => one - other));
  expect(starts.at(-1)).toBeGreaterThan(0);
});
