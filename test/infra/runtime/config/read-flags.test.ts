import { expect, test } from "vitest";
import { readFlags } from "#infra/runtime/config/read-flags.ts";

const options = { port: { type: "string", default: "80" } } as const;

test("flags are read with their defaults", () => {
  expect(readFlags({ args: [], options }).values.port).toBe("80");
  expect(readFlags({ args: ["--port", "81"], options }).values.port).toBe("81");
});

test.each([
  [["--prot", "1"], /^unknown option '--prot'$/],
  [["--port"], /^option '--port <value>' argument missing$/],
  [["stray"], /^unexpected argument 'stray'/],
])("%j is refused in one line without a stack", (args, message) => {
  expect(() => readFlags({ args, options })).toThrow(
    expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(message) }),
  );
});
