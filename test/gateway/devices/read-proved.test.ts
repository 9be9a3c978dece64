import { expect, test } from "vitest";
import { z } from "zod";
import { readProved } from "#gateway/devices/read-proved.ts";

const schema = z.strictObject({ at: z.object({ number: z.int() }) });

test("a body is what its schema wants", () => {
  expect(readProved(Buffer.from('{"at":{"number":7}}'), schema)).toEqual({ at: { number: 7 } });
});

test.each([
  ["", "request_malformed", /no JSON/],
  ["{", "request_malformed", /no JSON/],
  ["7", "parameter_invalid", /expected object/],
  ['{"at":{"number":"x"}}', "parameter_invalid", /^at\.number: /],
  ['{"at":{"number":7},"more":1}', "parameter_invalid", /more/],
])("a body that is %j is refused, with where and why", (text, code, message) => {
  expect(() => readProved(Buffer.from(text), schema)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});
