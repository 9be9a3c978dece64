import { expect, test } from "vitest";
import { pick, placeOf } from "#adapters/rest/pick.ts";

const data = { result: { boxes: [{ "x-1": 4 }, null] }, "": 1 };

test.each([
  ["result.boxes.0.x-1", 4],
  ["result.boxes.1", null],
  [".", data],
  ["result.boxes.1.x", undefined],
  ["result.boxes.2", undefined],
  ["result.boxes.length.x", undefined],
  ["result.toString", undefined],
  ["__proto__", undefined],
  ["constructor.name", undefined],
])("the place %s is followed through names and numbers, and nowhere else", (place, found) => {
  expect(pick(data, placeOf(place))).toEqual(found);
});

test("in what is no object there is no place", () => {
  for (const nothing of [null, undefined, 5, "text", true]) expect(pick(nothing, ["0"])).toBeUndefined();
});
