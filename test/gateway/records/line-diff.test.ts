import { expect, test } from "vitest";
import { lineDiff } from "#gateway/records/line-diff.ts";
import { seededRandom } from "#test/support/random.ts";

const diff = (before: string, after: string): string =>
  lineDiff({ name: "version 1", text: before }, { name: "version 2", text: after });

test("a text that did not change has no difference", () => {
  expect(diff("a\nb\n", "a\nb\n")).toBe("");
});

test("a changed line is told with the three lines around it, and where it stands", () => {
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  expect(diff(before, before.replace("5", "five"))).toBe(
    [
      "--- version 1",
      "+++ version 2",
      "@@ -2,7 +2,7 @@",
      ...[" 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8", ""],
    ].join("\n"),
  );
});

test("changes far from each other have each their own place", () => {
  const before = Array.from({ length: 30 }, (_, n) => `${n}\n`).join("");
  const after = before.replace("\n3\n", "\nthree\n").replace("\n25\n", "\n");
  expect(diff(before, after).match(/^@@.*@@$/gm)).toEqual(["@@ -1,7 +1,7 @@", "@@ -23,7 +23,6 @@"]);
});

test("the first version of a text is all new, and an emptied one all old", () => {
  expect(diff("", "a\n")).toBe("--- version 1\n+++ version 2\n@@ -0,0 +1,1 @@\n+a\n");
  expect(diff("a\n", "")).toBe("--- version 1\n+++ version 2\n@@ -1,1 +0,0 @@\n-a\n");
});

test("a missing end of the last line is told as such", () => {
  expect(diff("a", "a\n")).toBe(
    "--- version 1\n+++ version 2\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n",
  );
});

test("texts too different to be weighed are told as replaced, at once", () => {
  const lines = (word: string) => Array.from({ length: 30_000 }, (_, n) => `${word}${n}\n`).join("");
  const told = diff(`same\n${lines("a")}`, `same\n${lines("b")}`);
  expect(told).toContain("@@ -1,30001 +1,30001 @@\n same\n-a0\n");
  expect(told.split("\n")).toHaveLength(2 + 1 + 1 + 60_000 + 1);
});

test("whatever two texts are, the difference put upon one gives the other", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 300; round += 1) {
    const [before, after] = texts(random);
    expect(patched(before, diff(before, after))).toBe(after);
  }
});

const noEnd = "\\ No newline at end of file\n";

/** Reads a unified diff by what it says: where each part begins, what stands there, and what shall. */
function patched(before: string, difference: string): string {
  const lines = before.split(/(?<=\n)/).filter((line) => line !== "");
  const done: string[] = [];
  let at = 0;
  for (const hunk of difference.split(/^(?=@@ )/m).slice(1)) {
    const [, from = "", count = ""] = /^@@ -(\d+),(\d+) /.exec(hunk) ?? [];
    const begin = Number(from) - (count === "0" ? 0 : 1);
    done.push(...lines.slice(at, begin));
    at = begin;
    for (const [, sign, line = ""] of hunk.matchAll(/^([ +-])(.*\n(?:\\ .*\n)?)/gm)) {
      const whole = line.endsWith(noEnd) ? line.slice(0, -noEnd.length - 1) : line;
      if (sign !== "+") expect(lines[at++]).toBe(whole);
      if (sign !== "-") done.push(whole);
    }
  }
  return [...done, ...lines.slice(at)].join("");
}

type Random = ReturnType<typeof seededRandom>;

function texts(random: Random): [string, string] {
  const before = Array.from({ length: random.integer(1, 40) }, () => `${random.integer(0, 9)}`);
  const after = before.flatMap((line) => {
    if (random.chance(0.1)) return [];
    return random.chance(0.1) ? [line, `new ${random.integer(0, 9)}`] : [line];
  });
  const end = () => (random.chance(0.8) ? "\n" : "");
  return [`${before.join("\n")}${end()}`, after.length === 0 ? "" : `${after.join("\n")}${end()}`];
}
