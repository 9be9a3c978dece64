import { expect, test } from "vitest";
import { checkFamily, listKey, readListName } from "#gateway/repository/list-names.ts";

test("a list's name says whose it is and which version", () => {
  expect(listKey({ role: "digits-n", version: 7 })).toBe("metadata/7.digits-n.json");
  expect(readListName("metadata/7.digits-n.json")).toEqual({ role: "digits-n", version: 7 });
  expect(readListName("12.v1.2.json")).toEqual({ role: "v1.2", version: 12 });
});

test.each([
  "timestamp.json",
  "0.root.json",
  "01.root.json",
  "1.root.txt",
  "2147483648.root.json",
  "1..json",
  "1.a b.json",
])("%s is the name of no list", (name) => {
  expect(readListName(name)).toBeUndefined();
});

test.each(["root", "Timestamp", "toString", "__proto__", "", "a/b", ".a", "a.", "a b", "x".repeat(65)])(
  "no family is named %s",
  (name) => {
    expect(() => checkFamily(name)).toThrow(expect.objectContaining({ code: "parameter_invalid" }));
  },
);

test("a family is named like a model", () => {
  for (const name of ["digits-n", "YOLOv8.n_2", "7"]) expect(() => checkFamily(name)).not.toThrow();
});
