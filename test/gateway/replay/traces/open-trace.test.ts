import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTrace } from "#gateway/replay/traces/open-trace.ts";
import { readLines } from "#gateway/replay/traces/read-lines.ts";
import { mostLine } from "#gateway/replay/traces/tally.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tradewind-traces-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function linesOf(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
}

const ledger = Array.from({ length: 50_000 }, (_, at) => `{"at":${at},"bytes":${at + 1}}\n`).join("");

test("a packed trace is the same as a plain one", async () => {
  const plain = await openTrace(await fileOf("plain.log", ledger));
  const packed = await openTrace(await fileOf("packed.log.gz", gzipSync(ledger)));
  expect(plain.arrivals.count).toBe(50_000);
  expect(packed).toEqual(plain);
});

test("packed files one behind the other are all read", async () => {
  const two = Buffer.concat([gzipSync('{"at":1}\n'), gzipSync('{"at":2}\n')]);
  expect((await openTrace(await fileOf("two.gz", two))).arrivals.count).toBe(2);
});

test("lines are told apart by their ends, with or without a carriage return, a mark or a last end", async () => {
  const path = await fileOf("ends.txt", "\ufeffone\r\ntwo\n\nfour \u00e9");
  expect(await linesOf(path)).toEqual(["one", "two", "", "four \u00e9"]);
  expect(await linesOf(await fileOf("none.txt", ""))).toEqual([]);
});

test("lines that lie across the pieces of a file stay whole", async () => {
  const lines = Array.from({ length: 300 }, (_, index) => `${index}`.padEnd(5_000, "\u00e9"));
  expect(await linesOf(await fileOf("wide.txt", lines.join("\n")))).toEqual(lines);
});

test("a line of many megabytes is never held, and the next one is read", async () => {
  const path = await fileOf("long.gz", gzipSync(`{"at":1}\n${"x".repeat(20_000_000)}\n{"at":2}\n`));
  const lengths = (await linesOf(path)).map(({ length }) => length);
  expect(lengths).toEqual([8, mostLine + 1, 8]);
  expect((await openTrace(path)).lines.firstWrong).toEqual([{ line: 2, why: "is longer than 65536 bytes" }]);
});

test("a line of exactly the longest length is a line", async () => {
  const path = await fileOf(
    "just.txt",
    `${"x".repeat(mostLine)}\n${"x".repeat(mostLine + 1)}\n${"\u00e9".repeat(mostLine)}`,
  );
  const lines = await linesOf(path);
  expect(lines.map((line) => line.length > mostLine)).toEqual([false, true, true]);
});

test.each([
  ["missing.log", undefined, /cannot read the trace .*missing\.log \(ENOENT\)/],
  ["not.gz", "no gzip at all", /cannot read the trace .*not\.gz \(Z_DATA_ERROR\)/],
  ["half.gz", gzipSync(ledger).subarray(0, 5_000), /cannot read the trace .*half\.gz \(Z_BUF_ERROR\)/],
  ["empty.log", "", /empty\.log: the trace is in no format/],
])("the trace %s is refused by its name", async (name, content, message) => {
  const path = content === undefined ? join(folder, name) : await fileOf(name, content);
  const refused = openTrace(path);
  await expect(refused).rejects.toMatchObject({ code: "config_invalid" });
  await expect(refused).rejects.toThrow(message);
});

test("a folder is no trace", async () => {
  await expect(openTrace(folder)).rejects.toThrow(/cannot read the trace .* \(EISDIR\)/);
});

test("reading a trace ends when it is no longer wanted", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(openTrace(await fileOf("aborted.log", ledger), { signal })).rejects.toThrow("enough");
});
