import { expect, test } from "vitest";
import { canonicalOptions, defaultOptions, readOptions } from "#inference/image-api/read-options.ts";

test("a query without anything is answered with one shared object that nobody can change", () => {
  expect(readOptions({})).toBe(defaultOptions);
  expect(readOptions({}, {})).toBe(defaultOptions);
  expect(readOptions({}, Object.create(null))).toBe(defaultOptions);
  expect(Object.isFrozen(defaultOptions) && Object.isFrozen(defaultOptions.detect)).toBe(true);
  expect(defaultOptions).toEqual({
    detect: { conf: 0.25, iou: 0.7, maxDetections: 300 },
    format: "xyxy",
    strict: false,
  });
});

test("everything that may be asked for is read, from the query and from fields", () => {
  const query = {
    conf: ["0.5"],
    iou: [".45"],
    max_detections: ["1"],
    classes: ["cat, dog", "7"],
    format: ["coco"],
  };
  expect(readOptions(query, { deadline: ["250"], strict: ["true"], classes: ["dog,bird"] })).toEqual({
    detect: { conf: 0.5, iou: 0.45, maxDetections: 1 },
    classes: ["cat", "dog", "7", "bird"],
    format: "coco",
    deadlineMs: 250,
    strict: true,
  });
});

test.each([
  ["conf", "0"],
  ["conf", "1"],
  ["iou", "00.70"],
  ["max_detections", "300"],
  ["deadline", "1"],
  ["deadline", "600000"],
  ["strict", "false"],
  ["format", "roboflow"],
  ["classes", "traffic light"],
])("%s=%s is within what may be asked", (name, value) => {
  expect(() => readOptions({ [name]: [value] })).not.toThrow();
});

test.each([
  ["conf", ["2"]],
  ["conf", ["-0.1"]],
  ["conf", [""]],
  ["conf", ["1e-1"]],
  ["conf", ["0x1"]],
  ["conf", ["NaN"]],
  ["conf", ["0.5."]],
  ["conf", ["1."]],
  ["conf", ["٠"]],
  ["conf", ["0.1", "0.9"]],
  ["conf", []],
  ["iou", ["1.01"]],
  ["max_detections", ["0"]],
  ["max_detections", ["301"]],
  ["max_detections", ["1.5"]],
  ["max_detections", ["many"]],
  ["deadline", ["0"]],
  ["deadline", ["600001"]],
  ["deadline", ["250ms"]],
  ["strict", ["yes"]],
  ["strict", [""]],
  ["strict", ["TRUE"]],
  ["format", ["xywh"]],
  ["format", ["coco", "coco"]],
  ["format", ["__proto__"]],
  ["classes", [""]],
  ["classes", ["cat,,dog"]],
  ["classes", ["cat,"]],
  ["classes", ["a".repeat(201)]],
  ["classes", [Array(1_025).fill("a").join(",")]],
  ["classes", Array(1_025).fill("a")],
  ["confidence", ["0.5"]],
  ["toString", ["0.5"]],
  ["Conf", ["0.5"]],
])("%s=%j is refused by name", (name, values) => {
  const refused = expect.objectContaining({
    code: "parameter_invalid",
    message: expect.stringContaining(name),
  });
  expect(() => readOptions({ [name]: values })).toThrow(refused);
  expect(() => readOptions({}, { [name]: values })).toThrow(refused);
});

test("a parameter in the query and in the body is given twice", () => {
  expect(() => readOptions({ conf: ["0.5"] }, { conf: ["0.5"] })).toThrow("conf is given 2 times");
});

test("a member called __proto__ is a parameter that there is not", () => {
  const fields = Object.assign(Object.create(null), JSON.parse('{"__proto__":["1"]}'));
  expect(() => readOptions(JSON.parse('{"__proto__":["1"]}'))).toThrow('there is no parameter "__proto__"');
  expect(() => readOptions({ conf: ["0.5"] }, fields)).not.toThrow(TypeError);
});

test("one error names five problems, and how many there are beside", () => {
  const query = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`p${index}`, ["1"]]));
  expect(() => readOptions(query)).toThrow(/"p0".*"p4".*; and 4 more$/);
});

test("a value of a million letters is refused in no time, and not repeated", () => {
  const from = performance.now();
  for (const name of ["conf", "max_detections", "deadline", "classes", "format", "x".repeat(1_000_000)]) {
    for (const value of [`${"1".repeat(1_000_000)}x`, ",".repeat(1_000_000)]) {
      expect(() => readOptions({ [name]: [value] })).toThrow(
        expect.objectContaining({ message: expect.stringMatching(/^.{10,300}$/) }),
      );
    }
  }
  expect(performance.now() - from).toBeLessThan(1_000);
});

test("the canonical text is the same for the same answer, and differs where the answer may", () => {
  const text = (query: Record<string, string[]>) => canonicalOptions(readOptions(query));
  const usual = "conf=0.25&iou=0.7&max_detections=300";
  expect(text({})).toBe(usual);
  expect(text({ conf: ["0.250"], iou: [".7"], max_detections: ["0300"] })).toBe(usual);
  expect(text({ format: ["coco"], deadline: ["5"], strict: ["true"] })).toBe(usual);
  expect(text({ classes: ["dog,cat", "dog"] })).toBe(text({ classes: ["cat", "dog"] }));
  const different = [
    {},
    { conf: ["0.26"] },
    { iou: ["0.71"] },
    { max_detections: ["299"] },
    { classes: ["cat"] },
    { classes: ["cat,dog"] },
    { classes: ["cat dog"] },
    { classes: ['cat","dog'] },
  ];
  expect(new Set(different.map(text)).size).toBe(different.length);
  const { detect } = defaultOptions;
  const asked = [{ agnostic: true }, { agnostic: false }, { multiLabel: true }, { multiLabel: false }];
  const more = asked.map((each) => canonicalOptions({ ...defaultOptions, detect: { ...detect, ...each } }));
  expect(new Set([usual, ...more]).size).toBe(5);
});
