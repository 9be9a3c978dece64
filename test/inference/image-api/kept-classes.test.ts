import { expect, test } from "vitest";
import { keptClasses } from "#inference/image-api/kept-classes.ts";

const names = ["cat", "dog", "2", "1", "dog"];

test.each([
  [["cat"], [0]],
  [["dog"], [1, 4]],
  [
    ["0", "4"],
    [0, 4],
  ],
  [["2"], [2]],
  [["1"], [3]],
  [["cat", "0"], [0]],
])("of the classes %j are kept %j", (asked, kept) => {
  expect([...keptClasses(asked, names)].sort()).toEqual(kept);
});

test.each(["bird", "5", "-1", "0.0", "1e0", "9999999", "Cat", "__proto__"])(
  "a class %s that is none is refused by name",
  (asked) => {
    const refused = { code: "parameter_invalid", message: expect.stringContaining(`"${asked}"`) };
    expect(() => keptClasses(["cat", asked], names)).toThrow(expect.objectContaining(refused));
  },
);
