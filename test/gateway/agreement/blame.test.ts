import { expect, test } from "vitest";
import { type Edge, standingsOf } from "#gateway/agreement/blame.ts";
import { seededRandom } from "#test/support/random.ts";

const nobody: ReadonlySet<string> = new Set();

function low(backend: string, peer: string): Edge {
  return { backend, peer, isLow: true, isHigh: false, isJoined: false };
}

function high(backend: string, peer: string): Edge {
  return { backend, peer, isLow: false, isHigh: true, isJoined: true };
}

/** Who drifts, with a mark on who is blamed. */
function flagged(edges: readonly Edge[], candidates = nobody): string[] {
  return Array.from(standingsOf(edges, candidates))
    .filter(([, { state }]) => state === "drifts")
    .map(([backend, { blamed }]) => (blamed ? `${backend}!` : backend))
    .sort();
}

test("among three the one that disagrees with two who agree is blamed", () => {
  const edges = [low("a", "b"), low("b", "c"), high("a", "c")];
  expect(flagged(edges)).toEqual(["b!"]);
  expect(standingsOf(edges, nobody).get("a")).toEqual({ state: "agrees", blamed: false, against: [] });
  expect(standingsOf(edges, nobody).get("b")?.against.toSorted()).toEqual(["a", "c"]);
});

test("one disagreement is enough where the peer is one of a majority", () => {
  expect(flagged([low("a", "b"), high("a", "c")])).toEqual(["b!"]);
});

test("of two equals both are suspected and neither is blamed", () => {
  expect(flagged([low("a", "b")])).toEqual(["a", "b"]);
});

test("without a majority nobody is blamed", () => {
  expect(flagged([low("a", "b"), low("b", "c"), low("a", "c")])).toEqual(["a", "b", "c"]);
  const halves = [high("a", "b"), high("c", "d"), low("a", "c"), low("b", "d")];
  expect(flagged(halves)).toEqual(["a", "b", "c", "d"]);
});

test("two who both agree with a third but not with each other are suspected", () => {
  expect(flagged([high("a", "b"), high("b", "c"), low("a", "c")])).toEqual(["a", "c"]);
});

test("a candidate is blamed by one incumbent, and blames nobody", () => {
  const trial = new Set(["new"]);
  expect(flagged([low("new", "old")], trial)).toEqual(["new!"]);
  const trials = new Set(["new", "newer"]);
  const edges = [low("old", "new"), low("old", "newer"), high("new", "newer")];
  expect(flagged(edges, trials)).toEqual(["new!", "newer!"]);
  expect(standingsOf(edges, trials).get("old")?.state ?? "unknown").toBe("unknown");
});

test("a candidate is not blamed by an incumbent that is suspected itself", () => {
  expect(flagged([low("a", "b"), low("a", "new")], new Set(["new"]))).toEqual(["a", "b", "new"]);
});

test("a backend that nobody was shown to agree with is unknown", () => {
  const open = { backend: "a", peer: "b", isLow: false, isHigh: false, isJoined: true };
  expect(standingsOf([open], nobody).get("a")?.state).toBe("unknown");
  expect(standingsOf([], nobody).size).toBe(0);
});

test("whatever the evidence, the blamed are fewer than half of the equals", () => {
  const random = seededRandom(41);
  for (let turn = 0; turn < 300; turn += 1) {
    const names = Array.from({ length: random.integer(2, 8) }, (_, index) => `b${index}`);
    const edges = names.flatMap((backend, place) =>
      names.slice(place + 1).flatMap((peer) => {
        if (random.chance(0.3)) return [];
        return [random.chance(0.4) ? low(backend, peer) : high(backend, peer)];
      }),
    );
    const standings = standingsOf(edges, nobody);
    const blamed = [...standings.values()].filter((standing) => standing.blamed);
    expect(blamed.length * 2).toBeLessThan(Math.max(1, standings.size));
    for (const one of blamed) expect(one.state).toBe("drifts");
  }
});
