/** Which texts are compared, as the head of the comparison names them. */
export type Compared = { readonly name: string; readonly text: string };

type Edit = { readonly sign: " " | "-" | "+"; readonly line: string };

/** Equal lines around a change. */
const context = 3;

/** More pairs of lines than this are not weighed: what lies between is told as replaced whole. */
const mostCells = 4_000_000;

/** How one text becomes another, line by line, as a unified diff; empty where both are the same. */
export function lineDiff(before: Compared, after: Compared): string {
  if (before.text === after.text) return "";
  const edits = editsOf(linesOf(before.text), linesOf(after.text));
  const hunks = hunksOf(edits).map(writeHunk);
  return `--- ${before.name}\n+++ ${after.name}\n${hunks.join("")}`;
}

const noEnd = "\\ No newline at end of file";

/** A last line without an end is another line than the same one with it. */
function linesOf(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.pop();
  return last === undefined || last === "" ? lines : [...lines, `${last}\n${noEnd}`];
}

/** What both have at their ends is no part of the work. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const mid = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)] as const;
  return [
    ...signed(" ", before.slice(0, head)),
    ...middle(...mid),
    ...signed(" ", before.slice(before.length - tail)),
  ];
}

function middle(before: readonly string[], after: readonly string[]): Edit[] {
  const isMuch = (before.length + 1) * (after.length + 1) > mostCells;
  return isMuch ? [...signed("-", before), ...signed("+", after)] : shortest(before, after);
}

function signed(sign: Edit["sign"], lines: readonly string[]): Edit[] {
  return lines.map((line) => ({ sign, line }));
}

/** By the longest lines that both have in common, in order. */
function shortest(before: readonly string[], after: readonly string[]): Edit[] {
  const width = after.length + 1;
  const common = commonLengths(before, after);
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old = "", now = ""] = [before[i], after[j]];
    if (i < before.length && j < after.length && old === now) {
      edits.push({ sign: " ", line: old });
      [i, j] = [i + 1, j + 1];
    } else if (j >= after.length || (i < before.length && at(common, i + 1, j) >= at(common, i, j + 1))) {
      edits.push({ sign: "-", line: old });
      i += 1;
    } else {
      edits.push({ sign: "+", line: now });
      j += 1;
    }
  }
  return edits;

  function at(lengths: Uint32Array, row: number, column: number): number {
    return lengths[row * width + column] ?? 0;
  }
}

/** For each pair of places, how many lines the rests behind them have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const place = i * width + j;
      const down = lengths[place + width] ?? 0;
      const right = lengths[place + 1] ?? 0;
      const diagonal = lengths[place + width + 1] ?? 0;
      lengths[place] = before[i] === after[j] ? diagonal + 1 : Math.max(down, right);
    }
  }
  return lengths;
}

type Hunk = { readonly edits: readonly Edit[]; readonly oldFrom: number; readonly newFrom: number };

/** Changes whose surroundings touch are told together. */
function hunksOf(edits: readonly Edit[]): Hunk[] {
  const hunks: Hunk[] = [];
  let [old, now, told] = [0, 0, 0];
  const pass = (to: number): void => {
    for (; told < to; told += 1) {
      if (edits[told]?.sign !== "+") old += 1;
      if (edits[told]?.sign !== "-") now += 1;
    }
  };
  for (let at = nextChange(edits, 0); at < edits.length; at = nextChange(edits, told)) {
    pass(Math.max(told, at - context));
    const hunk = { oldFrom: old, newFrom: now, from: told };
    pass(endOfHunk(edits, at));
    hunks.push({ ...hunk, edits: edits.slice(hunk.from, told) });
  }
  return hunks;
}

function nextChange(edits: readonly Edit[], from: number): number {
  let at = from;
  while (at < edits.length && edits[at]?.sign === " ") at += 1;
  return at;
}

function endOfHunk(edits: readonly Edit[], change: number): number {
  let last = change;
  for (let at = change; at < edits.length && at - last <= 2 * context; at += 1) {
    if (edits[at]?.sign !== " ") last = at;
  }
  return Math.min(edits.length, last + context + 1);
}

function writeHunk({ edits, oldFrom, newFrom }: Hunk): string {
  const old = edits.filter(({ sign }) => sign !== "+").length;
  const now = edits.filter(({ sign }) => sign !== "-").length;
  const lines = edits.map(({ sign, line }) => `${sign}${line}\n`);
  return `@@ -${range(oldFrom, old)} +${range(newFrom, now)} @@\n${lines.join("")}`;
}

/** Of no lines, the one before them is named. */
function range(from: number, count: number): string {
  return `${count === 0 ? from : from + 1},${count}`;
}
