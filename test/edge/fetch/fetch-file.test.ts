import { expect, test } from "vitest";
import { captive } from "#edge/fetch/captive.ts";
import { fetchFile } from "#edge/fetch/fetch-file.ts";
import { blockBytes } from "#inference/artefacts/artefact.ts";
import { blocksOf } from "#inference/artefacts/blocks.ts";
import {
  createFakeOrigin,
  cutAfter,
  type DraftAnswer,
  flipped,
  type Tamper,
} from "#test/support/edge/fake-origin.ts";
import { fetching, hurriedClock, noise, part } from "#test/support/edge/fetched.ts";
import { createMemoryDisk } from "#test/support/edge/memory-disk.ts";

const content = noise(10 * blockBytes + 1_234);
const other = noise(content.byteLength, 2);

test("a file comes whole over a good line, and not a byte twice", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  const told: number[] = [];
  const onProgress = ({ bytes }: { bytes: number }): void => void told.push(bytes);
  const { received } = await fetchFile(fetching(content, { fs, origins: [origin], onProgress }));
  expect(fs.files.get(part)?.equals(content)).toBe(true);
  expect(received).toBe(content.byteLength);
  expect(origin.asks).toHaveLength(1);
  expect(told.at(-1)).toBe(content.byteLength);
  expect(told.toSorted((a, b) => a - b)).toEqual(told);
});

test("an empty file is fetched without asking", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(Buffer.alloc(0))];
  await fetchFile(fetching(Buffer.alloc(0), { fs, origins: [origin] }));
  expect(origin.asks).toHaveLength(0);
  expect(fs.files.get(part)?.byteLength).toBe(0);
});

test("what a whole part already holds is not asked for again", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  fs.files.set(part, Buffer.from(content));
  expect(await fetchFile(fetching(content, { fs, origins: [origin] }))).toMatchObject({ received: 0 });
  expect(origin.asks).toHaveLength(0);
});

test("twenty cuts with a new process after each cost less than a twentieth more", async () => {
  const big = noise(48 * blockBytes + 77, 3);
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(big)];
  for (let cut = 1; cut <= 20; cut += 1) {
    origin.faults.push(cutAfter(Math.floor(big.byteLength / 21) + 100 * cut));
    const options = fetching(big, { fs, origins: [origin], tries: 1 });
    // One that is cut with something gained goes on by itself; here its process ends there.
    const ending = new AbortController();
    const clock = { ...hurriedClock(), sleep: async () => ending.abort(new Error("ended")) };
    await expect(fetchFile({ ...options, clock, signal: ending.signal })).rejects.toThrow("ended");
  }
  await fetchFile(fetching(big, { fs, origins: [origin] }));
  expect(fs.files.get(part)?.equals(big)).toBe(true);
  expect(origin.sent).toBeLessThanOrEqual(1.05 * big.byteLength);
});

test.each([1, 3, 7])("%i wrong blocks on the way cost their own bytes and no more", async (count) => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  origin.faults.push(flipped(...Array.from({ length: count }, (_, index) => index * blockBytes + 99)));
  const { received } = await fetchFile(fetching(content, { fs, origins: [origin] }));
  expect(fs.files.get(part)?.equals(content)).toBe(true);
  expect(received).toBeLessThanOrEqual(content.byteLength + count * blockBytes);
});

test.each([1, 4])(
  "%i blocks that the disk lost while nobody looked are fetched again alone",
  async (count) => {
    const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
    const damaged = Buffer.from(content);
    for (let index = 0; index < count; index += 1)
      damaged.writeUInt8(damaged.readUInt8(2 * index * blockBytes) ^ 1, 2 * index * blockBytes);
    fs.files.set(part, damaged);
    const { received } = await fetchFile(fetching(content, { fs, origins: [origin] }));
    expect(fs.files.get(part)?.equals(content)).toBe(true);
    expect(received).toBe(count * blockBytes);
  },
);

const text = (draft: DraftAnswer, headers: Record<string, string | undefined>): DraftAnswer => {
  const all = Object.entries({ ...draft.headers, ...headers }).filter(([, value]) => value !== undefined);
  return { ...draft, headers: Object.fromEntries(all) as Record<string, string> };
};
const range =
  (said: string): Tamper =>
  (draft) =>
    text(draft, { "content-range": said });
const status =
  (code: number, headers = {}): Tamper =>
  () => ({ status: code, headers, body: Buffer.from("no") });
const whole: Tamper = () => ({
  status: 200,
  headers: { "content-length": `${content.byteLength}` },
  body: content,
});
const length = content.byteLength;

const onceWrong: readonly (readonly [string, Tamper])[] = [
  ["a range that begins earlier", range(`bytes 0-${length - 1}/${length}`)],
  ["a range that begins later", range(`bytes ${3 * blockBytes}-${length - 1}/${length}`)],
  ["a range that ends beyond what was asked", range(`bytes 100000-${length + 5}/${length}`)],
  ["a range in words", range("bytes some-more/many")],
  ["a range of another unit", range("blocks 1-2/3")],
  ["a range with minus signs", range("bytes -5--1/9")],
  ["a range that ends before it begins", range(`bytes 100000-99998/${length}`)],
  ["no range", (draft) => text(draft, { "content-range": undefined })],
  [
    "many ranges",
    (draft) => text(draft, { "content-range": undefined, "content-type": "multipart/byteranges" }),
  ],
  ["a length that is not its range's", (draft) => text(draft, { "content-length": "12" })],
  ["a compressed answer", (draft) => text(draft, { "content-encoding": "gzip" })],
  ["the whole file instead of the rest", whole],
  ["the whole file with no length", () => ({ status: 200, headers: {}, body: content })],
  ["a weak tag", (draft) => text(draft, { etag: 'W/"a"' })],
  ["no tag", (draft) => text(draft, { etag: undefined })],
  ["another tag", (draft) => text(draft, { etag: '"another"' })],
  ["a tag that is none", (draft) => text(draft, { etag: "a b\nc" })],
  ["an unknown total", range(`bytes 100000-${length - 1}/*`)],
  ["an answer cut after a byte", cutAfter(1)],
  ["an answer cut before its first byte", cutAfter(0)],
  [
    "an answer that ends early without a word",
    (draft) => ({ ...draft, body: draft.body.subarray(0, 70_000) }),
  ],
  ["more bytes than announced", (draft) => ({ ...draft, body: Buffer.concat([draft.body, other]) })],
  ["a server that is starting", status(503, { "retry-after": "3" })],
  ["a server that is full", status(429)],
  ["a gateway between that fails", status(502)],
  ["an answer without content", status(204)],
  ["one flipped bit", flipped(5)],
  ["bytes that come one by one", (draft) => ({ ...draft, pieceBytes: 997 })],
];

test.each(onceWrong)("amid a file, %s once still gives the file, for at most one more", async (_, fault) => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  origin.faults.push(cutAfter(100_000), fault);
  const { received } = await fetchFile(fetching(content, { fs, origins: [origin] }));
  expect(fs.files.get(part)?.equals(content)).toBe(true);
  expect(received).toBeLessThanOrEqual(2 * length);
});

test.each<readonly [string, Tamper]>([
  ["a range", range(`bytes 100000-${length - 2}/${length - 1}`)],
  ["a length", () => ({ status: 200, headers: { "content-length": "77" }, body: Buffer.alloc(77) })],
  ["an end", status(416)],
  ["nothing", status(404)],
  [
    "other bytes under the same tag",
    (draft, { range: asked }) => ({ ...draft, body: other.subarray(asked?.start, asked?.end) }),
  ],
  ["other bytes under another tag", () => ({ status: 200, headers: { etag: '"2"' }, body: other })],
])("a mirror that has %s of another file is left for the gateway", async (_, always) => {
  const fs = createMemoryDisk();
  const [mirror, gateway] = [createFakeOrigin(content, { name: "mirror" }), createFakeOrigin(content)];
  Object.assign(mirror, { always });
  mirror.faults.push(cutAfter(100_000));
  const left = new Set<typeof mirror>();
  const { received } = await fetchFile(fetching(content, { fs, origins: [mirror, gateway], left }));
  expect(fs.files.get(part)?.equals(content)).toBe(true);
  expect(received).toBeLessThanOrEqual(2 * length);
  expect([...left]).toEqual([mirror]);
});

test.each<readonly [string, Tamper, string]>([
  ["other bytes", () => ({ status: 200, headers: {}, body: other }), "repository_refused"],
  ["no file", status(404), "repository_unreachable"],
  ["a wish for credentials", status(407), "repository_unreachable"],
  ["a shorter file", status(416), "repository_refused"],
  [
    "no parts of it, and breaks off each time",
    (draft, ask) => ({ ...(whole(draft, ask) as DraftAnswer), cutAfter: 300_000 }),
    "repository_unreachable",
  ],
  ["only failures", status(500), "repository_unreachable"],
  ["a byte at a time", cutAfter(1), "repository_unreachable"],
])("from the only server there is with %s nothing is made, for at most one more", async (_, always, code) => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  Object.assign(origin, { always });
  await expect(fetchFile(fetching(content, { fs, origins: [origin] }))).rejects.toMatchObject({ code });
  expect(origin.sent).toBeLessThanOrEqual(2 * length);
  expect(fs.files.get(part)?.equals(content)).not.toBe(true);
});

test("a server that is down twenty times between gains gets there in the end", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  for (let down = 0; down < 20; down += 1) origin.faults.push(status(503), cutAfter(20_000));
  await fetchFile(fetching(content, { fs, origins: [origin] }));
  expect(fs.files.get(part)?.equals(content)).toBe(true);
});

test("waits grow with failures in a row, and never below what the server asked for", async () => {
  const [fs, origin, clock] = [createMemoryDisk(), createFakeOrigin(content), hurriedClock()];
  origin.faults.push(status(500), status(500), status(503, { "retry-after": "60" }), status(500));
  await fetchFile(fetching(content, { fs, origins: [origin], clock, chance: { number: () => 0.5 } }));
  expect(clock.slept).toEqual([1_000, 2_000, 60_000, 8_000]);
});

test("the strong tag of what came goes along with the next question, a weak one never", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  const weak: Tamper = (draft) => ({ ...text(draft, { etag: 'W/"a"' }), cutAfter: 50_000 });
  origin.faults.push(cutAfter(50_000), weak, cutAfter(50_000));
  await fetchFile(fetching(content, { fs, origins: [origin] }));
  expect(origin.asks.map(({ ifRange }) => ifRange)).toEqual([undefined, '"tag"', undefined, '"tag"']);
});

test("a list of blocks that is not the file's is refused before anything is asked", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  const blocks = blocksOf(content).subarray(32);
  const fetched = fetchFile({ ...fetching(content, { fs, origins: [origin] }), blocks });
  await expect(fetched).rejects.toMatchObject({ code: "repository_refused" });
  expect(origin.asks).toHaveLength(0);
});

test("blocks that fit their list but are not the signed file end in nothing", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(other)];
  const fetched = fetchFile({ ...fetching(content, { fs, origins: [origin] }), blocks: blocksOf(other) });
  await expect(fetched).rejects.toMatchObject({ code: "repository_refused" });
  expect(fs.files.has(part)).toBe(false);
});

test("a disk that fills amid the file gives the room back, and the next try begins anew", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  let writes = 0;
  fs.onWrite = () => {
    writes += 1;
    if (writes > 8) throw Object.assign(new Error("full"), { code: "ENOSPC" });
  };
  const options = fetching(content, { fs, origins: [origin] });
  await expect(fetchFile(options)).rejects.toMatchObject({ code: "disk_full" });
  expect(fs.files.has(part)).toBe(false);
  fs.onWrite = () => {};
  await fetchFile(options);
  expect(fs.files.get(part)?.equals(content)).toBe(true);
});

test("on a disk with too little room nothing is asked, and what is there stays", async () => {
  const [fs, origin] = [createMemoryDisk({ capacity: length }), createFakeOrigin(content)];
  fs.files.set(part, Buffer.from(content.subarray(0, 3 * blockBytes)));
  const fetched = fetchFile(fetching(content, { fs, origins: [origin] }));
  await expect(fetched).rejects.toMatchObject({ code: "disk_full" });
  expect(origin.asks).toHaveLength(0);
  expect(fs.files.get(part)?.byteLength).toBe(3 * blockBytes);
});

test("a disk that changes what is written is given up after three tries", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  const { open } = fs;
  Object.assign(fs, {
    open: async (path: string) => {
      const file = await open(path);
      return { ...file, sync: async () => void fs.files.get(path)?.writeUInt8(7, 11) };
    },
  });
  const fetched = fetchFile(fetching(content, { fs, origins: [origin] }));
  await expect(fetched).rejects.toMatchObject({ code: "folder_unusable" });
  expect(origin.asks).toHaveLength(3);
});

test("a wish to stop stops it, and what fits is kept", async () => {
  const [fs, origin] = [createMemoryDisk(), createFakeOrigin(content)];
  const stop = new AbortController();
  const onProgress = (): void => stop.abort(new Error("enough"));
  const pace = { take: async () => stop.signal.throwIfAborted() };
  const options = fetching(content, { fs, origins: [origin], signal: stop.signal, onProgress, pace });
  await expect(fetchFile(options)).rejects.toThrow("enough");
  expect(fs.files.get(part)?.byteLength).toBeGreaterThanOrEqual(blockBytes);
});

test("a mirror in whose place somebody else answers costs a file nothing but the question", async () => {
  const [fs, gateway] = [createMemoryDisk(), createFakeOrigin(content)];
  let asked = 0;
  const get = () => {
    asked += 1;
    return Promise.reject(captive("mirror", "a web page comes"));
  };
  const elsewhere = { ...createFakeOrigin(content), get };
  await fetchFile(fetching(content, { fs, origins: [elsewhere, gateway] }));
  expect(fs.files.get(part)?.equals(content)).toBe(true);
  expect(asked).toBe(1);
  const alone = fetchFile(fetching(content, { fs: createMemoryDisk(), origins: [elsewhere] }));
  await expect(alone).rejects.toMatchObject({ code: "network_captive" });
});
