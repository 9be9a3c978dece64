import { expect, test } from "vitest";
import { answerReader } from "#adapters/rest/read-answer.ts";
import type { Lie } from "#adapters/rest/read-lie.ts";
import { restSettings } from "#adapters/rest/settings.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { seededRandom } from "#test/support/random.ts";

const upright: Lie = { type: "jpeg", size: { width: 640, height: 480 }, orientation: 1 };

/** What is read of an answer by a map, of an image that is 640 x 480. */
const read = (
  answer: object,
  data: unknown,
  { lie = upright, ...more }: { lie?: Lie; [key: string]: unknown } = {},
) => {
  const settings = restSettings.parse({ path: "/p", names: ["cat", "dog"], answer, ...more });
  const body = typeof data === "string" ? data : JSON.stringify(data);
  return answerReader(settings)(Buffer.from(body), lie);
};

const failure = (answer: object, data: unknown, more = {}): string => {
  try {
    read(answer, data, more);
  } catch (error) {
    const { code, message } = asTradewindError(error);
    expect(code).toBe("backend_answer_invalid");
    return message;
  }
  return "none";
};

const rows = { list: "found", score: "score", class: "class", box: "box" };
const one = { score: 0.5, class: 1, box: [10, 20, 110, 220] };
const dog = { name: "dog", class: 1, score: 0.5, box: { x1: 10, y1: 20, x2: 110, y2: 220 } };

test("a list of objects is read by the names of what each holds", () => {
  expect(read(rows, { found: [one] })).toEqual([dog]);
  expect(read(rows, { found: [] })).toEqual([]);
});

test("classes are found by their names where they have no numbers", () => {
  const byName = { list: "found", score: "score", name: "label", box: "box" };
  expect(read(byName, { found: [{ ...one, label: "dog" }] })).toEqual([dog]);
  expect(failure(byName, { found: [{ ...one, label: "toString" }] })).toContain('class "toString"');
  expect(failure(byName, { found: [{ ...one, label: 1 }] })).toContain("a class without a name");
});

test("corners may have names of their own, in objects within objects", () => {
  const box = ["rect.left", "rect.top", "rect.right", "rect.bottom"];
  const found = [{ ...one, rect: { left: 10, top: 20, right: 110, bottom: 220 } }];
  expect(read({ ...rows, box }, { found })).toEqual([dog]);
});

test("rows may be lists of numbers, and the answer itself the list", () => {
  const box = ["0", "1", "2", "3"];
  const answer = { list: ".", score: "4", class: "5", box };
  expect(read(answer, [[10, 20, 110, 220, 0.5, 1]])).toEqual([dog]);
});

test("lists side by side are read together, boxes as rows or as columns", () => {
  const columns = { score: "scores", class: "classes", box: "boxes" };
  const data = { scores: [0.5], classes: [1], boxes: [[10, 20, 110, 220]] };
  expect(read(columns, data)).toEqual([dog]);
  const four = { ...columns, box: ["x1", "y1", "x2", "y2"] };
  const parted = { scores: [0.5], classes: [1], x1: [10], y1: [20], x2: [110], y2: [220] };
  expect(read(four, parted)).toEqual([dog]);
  expect(failure(columns, { ...data, classes: [1, 1] })).toContain("2 classes for 1 scores");
  expect(failure(four, { ...parted, y2: [] })).toContain("0 corners for 1 scores");
});

test.each([
  ["xyxy", [10, 20, 110, 220]],
  ["xywh", [10, 20, 100, 200]],
  ["cxcywh", [60, 120, 100, 200]],
])("boxes in the form %s become two corners", (form, box) => {
  expect(read({ ...rows, form }, { found: [{ ...one, box }] })).toEqual([dog]);
});

test("shares become pixels of the image", () => {
  const box = [0.25, 0.5, 1.01, 1];
  expect(read({ ...rows, units: "share" }, { found: [{ ...one, box }] })[0]?.box).toEqual({
    x1: 160,
    y1: 240,
    x2: 640,
    y2: 480,
  });
});

test("boxes told in another size than the image's are scaled, whether that size is declared or told", () => {
  const found = [{ ...one, box: [32, 48, 320, 320] }];
  const expected = { x1: 64, y1: 96, x2: 640, y2: 480 };
  const declared = { ...rows, image: { width: 320, height: 240 } };
  expect(read(declared, { found })[0]?.box).toEqual(expected);
  const told = { ...rows, image: { width: "size.0", height: "size.1" } };
  expect(read(told, { found, size: [320, 240] })[0]?.box).toEqual(expected);
  expect(failure(told, { found, size: [0, 240] })).toContain("0 pixels wide or high");
  expect(failure(told, { found })).toContain("something else than a number");
});

test("classes counted from one, and scores counted to a hundred, are as the others", () => {
  const answer = { ...rows, firstClass: 1, certain: 100 };
  expect(read(answer, { found: [{ ...one, class: 2, score: 50 }] })).toEqual([dog]);
});

test("a server that does not turn images tells of them as they lie, and its boxes are turned", () => {
  const lie = { type: "jpeg", size: { width: 480, height: 640 }, orientation: 6 };
  const found = [{ ...one, box: [0, 100, 48, 200] }];
  expect(read(rows, { found }, { lie, orientation: "ignored" })[0]?.box).toEqual({
    x1: 440,
    y1: 0,
    x2: 540,
    y2: 48,
  });
  expect(read(rows, { found }, { lie })[0]?.box).toEqual({ x1: 0, y1: 100, x2: 48, y2: 200 });
});

test.each([
  ["no JSON", "<html>"],
  ["no list at found", { detections: [one] }],
  ["no list at found", { found: { length: 1, 0: one } }],
  ["more than 10000 things", { found: Array.from({ length: 10_001 }, () => one) }],
  ["a box that is no four numbers", { found: [{ ...one, box: [1, 2, 3] }] }],
  ["a box that is no four numbers", { found: [{ ...one, box: undefined }] }],
  ["something else than a number", { found: [{ ...one, box: [1, 2, 3, "4"] }] }],
  ["something else than a number", { found: [{ ...one, box: [1, 2, 3, null] }] }],
  ["something else than a number", { found: [{ ...one, score: "0.9" }] }],
  ["a score of 1.5", { found: [{ ...one, score: 1.5 }] }],
  ["a score of -0.1", { found: [{ ...one, score: -0.1 }] }],
  ["class 2, which is none of the 2 in names", { found: [{ ...one, class: 2 }] }],
  ["class 0.5", { found: [{ ...one, class: 0.5 }] }],
  ["class -1", { found: [{ ...one, class: -1 }] }],
  ["a box that ends before it begins, read as xyxy", { found: [{ ...one, box: [100, 20, 50, 220] }] }],
  ["a box that is no four numbers", { found: [null] }],
])("what answers with %s has answered nothing", (message, data) => {
  expect(failure(rows, data)).toContain(message);
});

test("pixels where shares are declared are found out", () => {
  expect(failure({ ...rows, units: "share" }, { found: [one] })).toContain("pixels where shares");
});

test("numbers beyond all numbers and answers nested without end are no answers", () => {
  expect(failure(rows, '{"found":[{"score":0.5,"class":1,"box":[1e999,1,2,3]}]}')).toContain("a number");
  expect(failure(rows, "[".repeat(100_000))).toContain("no JSON");
});

test("what reaches beyond the image is cut, to a thousandth of a pixel", () => {
  const found = [{ ...one, box: [-5, 0.123_456, 9_999, 480.4] }];
  expect(read(rows, { found })[0]?.box).toEqual({ x1: 0, y1: 0.123, x2: 640, y2: 480 });
});

test("whatever a server answers, it is what was found within the image, or no answer", () => {
  let answered = 0;
  for (let seed = 0; seed < 2_000; seed += 1) {
    const random = seededRandom(seed);
    const odd = [null, "5", -1, 1e308, {}, [], [[]], true, 0.5, "__proto__", { 0: 1, length: 4 }];
    const some = <Value>(usual: Value): unknown =>
      random.chance(0.9) ? usual : odd[random.integer(0, odd.length - 1)];
    const found = Array.from({ length: random.integer(0, 3) }, () =>
      some({
        score: some(random.between(0, 1)),
        class: some(random.integer(0, 1)),
        box: some([0, 1, 2, 3].map((place) => some(100 * place + random.integer(-300, 300)))),
      }),
    );
    try {
      for (const { score, class: index, box } of read(rows, some({ found: some(found) }) as object)) {
        answered += 1;
        expect(score >= 0 && score <= 1 && (index === 0 || index === 1)).toBe(true);
        expect(0 <= box.x1 && box.x1 <= box.x2 && box.x2 <= 640).toBe(true);
        expect(0 <= box.y1 && box.y1 <= box.y2 && box.y2 <= 480).toBe(true);
      }
    } catch (error) {
      expect(error).toMatchObject({ code: "backend_answer_invalid" });
    }
  }
  expect(answered).toBeGreaterThan(100);
});
