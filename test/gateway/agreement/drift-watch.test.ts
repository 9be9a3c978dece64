import { expect, test } from "vitest";
import { compareAnswers } from "#gateway/agreement/agreement-of.ts";
import { DriftWatch } from "#gateway/agreement/drift-watch.ts";
import type { Detection } from "#inference/contract.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const model = "digits-s";
const minimum = 0.9;
const eject = { eject: true };
const options = { conf: 0.25 };

function sightOf(random: Random): Detection[] {
  return Array.from({ length: random.integer(0, 8) }, (_, index) => {
    const [kind, side] = [random.integer(0, 9), random.between(12, 60)];
    const [x, y] = [random.between(0, 40) + 70 * index, random.between(0, 200)];
    const box = { x1: x, y1: y, x2: x + side, y2: y + side };
    return { name: String(kind), class: kind, score: 1 - 0.75 * random.between(0, 1) ** 2, box };
  });
}

/** The same seen with a little noise: boxes that move, scores that shake, and what is barely sure comes and goes. */
function shaken(sight: readonly Detection[], by: number, random: Random): Detection[] {
  const moved = (at: number) => at + random.between(-1, 1);
  return sight
    .map(({ box, score, ...rest }) => ({
      ...rest,
      score: Math.min(1, score + random.between(-by, by)),
      box: { x1: moved(box.x1), y1: moved(box.y1), x2: moved(box.x2), y2: moved(box.y2) },
    }))
    .filter(({ score }) => score > options.conf);
}

function permuted(sight: readonly Detection[]): Detection[] {
  return sight.map((one) => ({ ...one, class: (one.class + 3) % 10, name: String((one.class + 3) % 10) }));
}

type See = (sight: readonly Detection[], random: Random) => readonly Detection[];

const well: See = (sight, random) => shaken(sight, 0.01, random);
const int8: See = (sight, random) => shaken(sight, 0.04, random);
const wrong: See = (sight, random) => permuted(shaken(sight, 0.01, random));

function compared(one: See, other: See, random: Random) {
  const sight = sightOf(random);
  return compareAnswers(one(sight, random), other(sight, random), "detect", options);
}

type Between = { readonly backend: string; readonly peer: string; readonly candidate?: string };

/** Compares two backends so often, or until the first is flagged; returns how often. */
function watchFor(
  watch: DriftWatch,
  between: Between,
  see: readonly [See, See],
  { images, random }: { readonly images: number; readonly random: Random },
): number {
  for (let count = 1; count <= images; count += 1) {
    watch.learn({ model, minimum, ...between, ...compared(...see, random) });
    if (watch.standing(model, between.backend).state === "drifts") return count;
  }
  return images;
}

test("classes that are permuted are flagged within 25 images, whichever images come", () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const watch = new DriftWatch();
    const between = { backend: "candidate", peer: "incumbent", candidate: "candidate" };
    const random = seededRandom(seed);
    const needed = watchFor(watch, between, [wrong, well], { images: 1_000, random });
    expect(needed).toBeGreaterThanOrEqual(20);
    expect(needed).toBeLessThanOrEqual(25);
    expect(watch.decide(model, "candidate", eject)).toMatchObject({ flagged: true, eject: true });
    expect(watch.decide(model, "incumbent", eject)).toMatchObject({ flagged: false, eject: false });
  }
});

test("equal backends are never flagged over a hundred thousand images, and are said to agree", () => {
  const random = seededRandom(51);
  const seen = Array.from({ length: 1_000 }, () => compared(well, well, random));
  const watch = new DriftWatch();
  const turns = Array.from({ length: 100_000 }, () => {
    const { agreement, scoreDifference } =
      seen[random.integer(0, seen.length - 1)] ?? compared(well, well, random);
    return watch.learn({ model, minimum, backend: "a", peer: "b", agreement, scoreDifference });
  }).flat();
  expect(turns.map(({ backend, state }) => `${backend} ${state}`).sort()).toEqual(["a agrees", "b agrees"]);
  expect(watch.report(model)).toMatchObject([{ backend: "a", peer: "b", samples: 100_000 }]);
  expect(watch.report(model)[0]?.agreement).toBeGreaterThan(0.98);
});

test("scores that shake as those of small numbers do are not drift", () => {
  const random = seededRandom(52);
  const watch = new DriftWatch();
  expect(watchFor(watch, { backend: "int8", peer: "fp32" }, [int8, well], { images: 3_000, random })).toBe(
    3_000,
  );
  expect(watch.standing(model, "int8").state).toBe("agrees");
  expect(watch.report(model)[0]?.scoreDifference).toBeGreaterThan(0.01);
});

test("a few images flag nobody, however little they agree", () => {
  const watch = new DriftWatch();
  for (let count = 0; count < 19; count += 1)
    expect(
      watch.learn({ model, minimum, backend: "a", peer: "b", agreement: 0, scoreDifference: undefined }),
    ).toEqual([]);
  expect(watch.decide(model, "a", eject)).toEqual({
    flagged: false,
    eject: false,
    why: "not compared with others often enough",
  });
});

test("of two equals that differ both are flagged, and nobody is ejected", () => {
  const random = seededRandom(53);
  const watch = new DriftWatch();
  watchFor(watch, { backend: "a", peer: "b" }, [wrong, well], { images: 100, random });
  for (const backend of ["a", "b"]) {
    const decision = watch.decide(model, backend, eject);
    expect(decision).toMatchObject({ flagged: true, eject: false });
    expect(decision.why).toContain("which of them is wrong cannot be told");
  }
});

/** All pairs of three in turn. */
function compareThree(
  watch: DriftWatch,
  see: Readonly<Record<string, See>>,
  images: number,
  random: Random,
): void {
  const names = Object.keys(see);
  for (let count = 0; count < images; count += 1) {
    const backend = names[count % 3] ?? "";
    const peer = names[(count + 1) % 3] ?? "";
    watch.learn({
      model,
      minimum,
      backend,
      peer,
      ...compared(see[backend] ?? well, see[peer] ?? well, random),
    });
  }
}

test("the one among three whose weights turn wrong is blamed, cleared when they are right again, and nobody else is", () => {
  const random = seededRandom(54);
  const watch = new DriftWatch();
  compareThree(watch, { a: well, b: well, c: int8 }, 1_500, random);
  for (const backend of ["a", "b", "c"]) expect(watch.standing(model, backend).state).toBe("agrees");
  compareThree(watch, { a: well, b: wrong, c: int8 }, 90, random);
  expect(watch.decide(model, "b", eject)).toMatchObject({ flagged: true, eject: true });
  expect(watch.decide(model, "b", { eject: false })).toMatchObject({ flagged: true, eject: false });
  for (const backend of ["a", "c"])
    expect(watch.decide(model, backend, eject)).toMatchObject({ flagged: false, eject: false });
  compareThree(watch, { a: well, b: well, c: int8 }, 1_500, random);
  for (const backend of ["a", "b", "c"]) expect(watch.standing(model, backend).state).toBe("agrees");
});

test("an innocent is blamed at no moment, whichever of three breaks and when", () => {
  for (let seed = 0; seed < 12; seed += 1) {
    const random = seededRandom(1_000 + seed);
    const watch = new DriftWatch();
    compareThree(watch, { a: well, b: well, c: well }, random.integer(0, 400), random);
    for (let count = 0; count < 50; count += 1) {
      compareThree(watch, { a: well, b: well, c: wrong }, 3, random);
      for (const backend of ["a", "b"]) expect(watch.standing(model, backend).blamed).toBe(false);
    }
    expect(watch.standing(model, "c").blamed).toBe(true);
  }
});

test("after a good time the innocent are hardly even suspected when one of three breaks", () => {
  let suspected = 0;
  for (let seed = 0; seed < 12; seed += 1) {
    const random = seededRandom(2_000 + seed);
    const watch = new DriftWatch();
    compareThree(watch, { a: well, b: well, c: well }, 600, random);
    for (let count = 0; count < 60; count += 1) {
      // The broken one is compared with one of them far more often than with the other.
      const pairs = [
        ["c", "a"],
        ["c", "a"],
        ["c", "a"],
        ["c", "b"],
        ["a", "b"],
      ] as const;
      const [backend, peer] = pairs[count % 5] ?? ["a", "b"];
      watch.learn({
        model,
        minimum,
        backend,
        peer,
        ...compared(backend === "c" ? wrong : well, well, random),
      });
      if (["a", "b"].some((one) => watch.standing(model, one).state === "drifts")) suspected += 1;
    }
    expect(watch.standing(model, "c").blamed).toBe(true);
  }
  expect(suspected / (12 * 60)).toBeLessThan(0.05);
});

test("who drifted has more to show than who is new", () => {
  const random = seededRandom(56);
  const between = { backend: "new", peer: "old", candidate: "new" };
  const untilAgreed = (watch: DriftWatch): number => {
    let count = 0;
    while (watch.standing(model, "new").state !== "agrees" && count < 5_000) {
      watch.learn({ model, minimum, ...between, ...compared(well, well, random) });
      count += 1;
    }
    return count;
  };
  const [fresh, fallen] = [new DriftWatch(), new DriftWatch()];
  watchFor(fallen, between, [wrong, well], { images: 100, random });
  const [first, again] = [untilAgreed(fresh), untilAgreed(fallen)];
  expect(first).toBeLessThan(150);
  expect(again).toBeGreaterThan(1.5 * first);
  expect(again).toBeLessThan(300);
});

test("what is forgotten is unknown again, and its peers are cleared of it", () => {
  const random = seededRandom(55);
  const watch = new DriftWatch();
  watchFor(watch, { backend: "a", peer: "b" }, [wrong, well], { images: 100, random });
  expect(watch.samples(model, "b", "a")).toBeGreaterThan(0);
  const turned = watch.forget(model, "a");
  expect(turned.map(({ backend, state }) => `${backend} ${state}`).sort()).toEqual([
    "a unknown",
    "b unknown",
  ]);
  expect(watch.samples(model, "a", "b")).toBe(0);
  expect(watch.report(model)).toEqual([]);
  expect(watch.forget("nothing", "a")).toEqual([]);
});

test("models are judged apart, and a backend is no peer of its own", () => {
  const watch = new DriftWatch();
  const nothing = { agreement: 0, scoreDifference: undefined, minimum };
  for (let count = 0; count < 50; count += 1) {
    watch.learn({ model, backend: "a", peer: "b", ...nothing });
    watch.learn({ model: "other", backend: "a", peer: "a", ...nothing });
    watch.learn({ model: "other", backend: "a", peer: "b", ...nothing, agreement: Number.NaN });
  }
  expect(watch.standing(model, "a").state).toBe("drifts");
  expect(watch.standing("other", "a").state).toBe("unknown");
  expect(watch.report("other")).toEqual([]);
});

test("a candidate that became one of the equals is judged as one", () => {
  const watch = new DriftWatch();
  const nothing = { model, minimum, backend: "new", peer: "old", agreement: 0, scoreDifference: undefined };
  for (let count = 0; count < 30; count += 1) watch.learn({ ...nothing, candidate: "new" });
  expect(watch.decide(model, "new", eject).eject).toBe(true);
  watch.learn(nothing);
  expect(watch.decide(model, "new", eject)).toMatchObject({ flagged: true, eject: false });
});

test("no more pairs are remembered than fit, and the one that was compared longest ago goes first", () => {
  const watch = new DriftWatch({ mostPairs: 3, leastSamples: 1 });
  const one = { minimum, agreement: 0, scoreDifference: undefined, backend: "a" };
  for (let count = 0; count < 20; count += 1) watch.learn({ ...one, model: "first", peer: "b" });
  expect(watch.standing("first", "a").state).toBe("drifts");
  for (const peer of ["b", "c", "d"]) watch.learn({ ...one, model: "second", peer });
  expect(watch.samples("first", "a", "b")).toBe(0);
  expect(watch.standing("first", "a").state).toBe("unknown");
  watch.learn({ ...one, model: "second", peer: "b" });
  watch.learn({ ...one, model: "second", peer: "e" });
  expect(["b", "c", "d", "e"].map((peer) => watch.samples("second", "a", peer))).toEqual([2, 0, 1, 1]);
});
