import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { collectBounded } from "#adapters/ecs/collect-bounded.ts";

test("an answer of ECS is put together of its pieces", async () => {
  const stream = Readable.from([Buffer.from("ab"), Buffer.from("c")]);
  expect(Buffer.from(await collectBounded(stream)).toString()).toBe("abc");
});

test("an answer of ECS that does not end is given up", async () => {
  let pieces = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        pieces += 1;
        yield Buffer.alloc(10);
      }
    })(),
  );
  await expect(collectBounded(endless, 100)).rejects.toThrow("an answer of more than 100 bytes");
  expect(pieces).toBeLessThan(100);
});
