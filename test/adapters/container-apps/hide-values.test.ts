import { expect, test } from "vitest";
import { hideValues } from "#adapters/container-apps/hide-values.ts";

test("variables of others are told by their names, ours and references as they are", () => {
  const env = [
    { name: "WORD", value: "hush" },
    { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
    { name: "KEY", secretRef: "key" },
  ];
  const shown = hideValues({ template: { containers: [{ name: "a", env }, { name: "b" }] } });
  expect(shown.template?.containers).toEqual([
    {
      name: "a",
      env: [
        { name: "WORD", value: "(as it is)" },
        { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
        { name: "KEY", secretRef: "key" },
      ],
    },
    { name: "b" },
  ]);
});

test("a change without containers has nothing to hide", () => {
  const patch = { tags: { a: "b" } };
  expect(hideValues(patch)).toBe(patch);
});
