import { expect, test } from "vitest";
import { readDetectOptions } from "#inference/faces/detect-options.ts";

test("what a caller leaves out of agnostic suppression is left to the model's own word", () => {
  expect(readDetectOptions({})).not.toHaveProperty("agnostic");
  expect(readDetectOptions({ agnostic: false })).toMatchObject({ agnostic: false });
  expect(readDetectOptions({ agnostic: true, multi_label: true })).toMatchObject({
    agnostic: true,
    multiLabel: true,
  });
});

test.each([
  ["agnostic", 1],
  ["multi_label", "true"],
])("%s as %j is refused by name", (name, value) => {
  expect(() => readDetectOptions({ [name]: value })).toThrow(`${name} is`);
});
