import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { openWorkMark } from "#edge/store/work-mark.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";

const root = mkdtempSync(join(tmpdir(), "work-mark-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const [boot, later] = ["0f1e2d3c-0000-4000-8000-000000000001", "0f1e2d3c-0000-4000-8000-000000000002"];
const [one, two] = [
  { model: "m", sha256: "1".repeat(64), phase: "answering" },
  { model: "n", sha256: "2".repeat(64), phase: "answering" },
] as const;

let folders = 0;

function device() {
  folders += 1;
  const folder = join(root, String(folders));
  mkdirSync(join(folder, "state"), { recursive: true });
  const path = join(folder, "state", "at-work");
  const start = (run = boot, isWatched = () => true) => openWorkMark({ folder, boot: run, isWatched });
  const died = (run = boot) => [...start(run).died.keys()].sort();
  return { folder, path, start, died, exists: () => statSync(path, { throwIfNoEntry: false }) !== undefined };
}

test("a process that dies in the midst of its work leaves word of the file, to the next start alone", () => {
  const { start, died } = device();
  start().inHand(one);
  expect(died()).toEqual([one.sha256]);
  expect(died()).toEqual([]);
});

test("one that dies with nothing in hand leaves no word, however much it had in hand before", () => {
  const { start, died } = device();
  const { inHand } = start();
  const held = [inHand(one), inHand(two), inHand(one)];
  for (const each of held) each[Symbol.dispose]();
  for (const each of held) each[Symbol.dispose]();
  expect(died()).toEqual([]);
});

test("of several in hand only the one that has ended is forgotten, and its place is taken again", () => {
  const { path, start, died } = device();
  const { inHand } = start();
  const first = inHand(one);
  inHand(two);
  first[Symbol.dispose]();
  const again = [inHand(one), inHand(one)];
  expect(readFileSync(path).byteLength).toBe(256);
  again[0]?.[Symbol.dispose]();
  expect(died()).toEqual([one.sha256, two.sha256]);
});

test("it says whether a file was being opened or answered images", () => {
  const { start } = device();
  const { inHand } = start();
  inHand({ ...one, phase: "opening" });
  inHand(two);
  expect(start().died).toEqual(
    new Map([
      [one.sha256, "opening"],
      [two.sha256, "answering"],
    ]),
  );
});

test("after a power cut nothing is believed", () => {
  const { start, died } = device();
  start().inHand(one);
  expect(died(later)).toEqual([]);
  expect(died()).toEqual([]);
});

test("of what nobody watches nothing is written, not even a file", () => {
  const { start, exists } = device();
  using _ = start(boot, () => false).inHand(one);
  expect(exists()).toBe(false);
});

test("where the run of the machine is not known nothing is marked, and nothing believed", () => {
  const { path, start, died, exists } = device();
  const unknown = start("");
  unknown.inHand(one);
  unknown.blame(one);
  expect(exists()).toBe(false);
  unknown[Symbol.dispose]();
  writeFileSync(path, ` ${one.sha256}`);
  expect(died("")).toEqual([]);
});

test("an orderly stop leaves no word of what it cuts short, nor of what comes after", () => {
  const { start, died, exists } = device();
  const mark = start();
  const held = mark.inHand(one);
  mark[Symbol.dispose]();
  mark[Symbol.dispose]();
  expect(exists()).toBe(false);
  mark.inHand(two);
  mark.blame(two);
  held[Symbol.dispose]();
  expect(exists()).toBe(false);
  expect(died()).toEqual([]);
});

test("what a process had to end for is told though the end is orderly, and nothing else is", () => {
  const { start, died } = device();
  const mark = start();
  const held = mark.inHand(one);
  mark.inHand(two);
  mark.blame(one);
  held[Symbol.dispose]();
  mark[Symbol.dispose]();
  expect(died()).toEqual([one.sha256]);
});

test.each<readonly [string, string | Buffer]>([
  ["nothing", ""],
  ["zeros", Buffer.alloc(4_096)],
  ["half a record", `${boot} ${one.sha256.slice(0, 40)}`],
  ["another format", JSON.stringify({ boot, sha256: one.sha256 })],
  ["no end", Buffer.alloc(2_000_000, "x")],
])("a mark that holds %s tells of no death", (_, content) => {
  const { path, died } = device();
  writeFileSync(path, content);
  expect(died()).toEqual([]);
});

test("a disk that takes no mark is told of once, and costs nothing else", () => {
  const told: unknown[] = [];
  const { folder, path, start } = device();
  rmSync(join(folder, "state"), { recursive: true });
  writeFileSync(join(folder, "state"), "no folder");
  const mark = start();
  onTestFinished(sideConcernSkipped.subscribe(({ what, detail }) => told.push([what, detail])));
  for (let image = 0; image < 3; image += 1) mark.inHand(one)[Symbol.dispose]();
  mark[Symbol.dispose]();
  expect(told).toEqual([["marking what computes", path]]);
});
