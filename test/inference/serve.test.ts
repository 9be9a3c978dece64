import { expect, test } from "vitest";
import { readMaxBody } from "#inference/serve.ts";

test("the largest body is a size with its unit", () => {
  expect(readMaxBody("20MiB")).toBe(20_971_520);
});

test.each(["20", "much", "0B", "2GiB"])("%s is no largest body, and the flag is named", (text) => {
  expect(() => readMaxBody(text)).toThrow(/^--max-body: expected/);
});
