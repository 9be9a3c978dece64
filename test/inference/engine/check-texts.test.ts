import { expect, test } from "vitest";
import type { Tensor } from "#inference/contract.ts";
import { checkTexts } from "#inference/engine/check-texts.ts";
import { refusalOf } from "#test/support/infer-messages.ts";

function texts(...elements: readonly (readonly number[])[]): { readonly words: Tensor } {
  const data = elements.map((bytes) => Uint8Array.from(bytes));
  return { words: { datatype: "BYTES", shape: [data.length], data } };
}

test("text in any script passes on to the model, and so do numbers that are no text", () => {
  const numbers: Tensor = { datatype: "UINT8", shape: [1], data: Uint8Array.of(0xff) };
  expect(refusalOf(() => checkTexts({ ...texts([0x61], [], [0xc3, 0xa9]), numbers }))).toBe(
    "nothing was refused",
  );
});

test("bytes that are no text are the caller's mistake, named by their place", () => {
  expect(refusalOf(() => checkTexts(texts([0x61], [0xff, 0xd8])))).toBe(
    "request_malformed: element 1 of input 'words' is not UTF-8 without NULs, and the model takes only text",
  );
});

test("a text with a NUL is refused, since onnxruntime would cut it there", () => {
  const words: Tensor = { datatype: "BYTES", shape: [1], data: [new TextEncoder().encode("a\0b")] };
  expect(() => checkTexts({ words })).toThrow("is not UTF-8 without NULs");
});
