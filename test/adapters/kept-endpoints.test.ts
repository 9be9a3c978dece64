import { expect, test } from "vitest";
import { keepEndpoints } from "#adapters/kept-endpoints.ts";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const at = (place: number, name?: string) => ({
  url: `http://127.0.0.1:${place}`,
  ...(name !== undefined && { name }),
});

/** Clients that say when they are opened and closed. */
function openKeeping() {
  const clock = createFakeClock();
  const told: string[] = [];
  const kept = keepEndpoints({
    open: (url) => {
      const { port } = new URL(url);
      const client = createOpenInferenceClient({ url });
      told.push(`opened ${port}`);
      const close = async (): Promise<void> => {
        told.push(`closed ${port}`);
        await client.close();
      };
      return { ...client, close, [Symbol.asyncDispose]: close };
    },
    now: clock.elapsed,
    lingerMs: 100,
  });
  return { clock, kept, told };
}

test("an address that stays keeps its client, and has the name that it has now", async () => {
  const { kept, told } = openKeeping();
  const [before] = kept.keep([at(1, "a")]);
  const [, after] = kept.keep([at(2), at(1, "b")]);
  expect(after?.client).toBe(before?.client);
  expect([before?.name, after?.name]).toEqual(["a", "b"]);
  expect(told).toEqual(["opened 1", "opened 2"]);
  await kept.close();
});

test("one that went stays open for the requests that may hold it, and is closed then", async () => {
  const { clock, kept, told } = openKeeping();
  kept.keep([at(1), at(2)]);
  kept.keep([at(2)]);
  clock.advance(99);
  kept.keep([at(2)]);
  expect(told).toEqual(["opened 1", "opened 2"]);
  clock.advance(1);
  kept.keep([at(2)]);
  expect(told).toEqual(["opened 1", "opened 2", "closed 1"]);
  await kept.close();
});

test("one that is back in time was never away, and one that is back later is opened anew", async () => {
  const { clock, kept, told } = openKeeping();
  const [before] = kept.keep([at(1)]);
  kept.keep([]);
  clock.advance(99);
  expect(kept.keep([at(1)])[0]?.client).toBe(before?.client);
  clock.advance(1_000);
  kept.keep([at(1)]);
  kept.keep([]);
  clock.advance(100);
  kept.keep([]);
  expect(kept.keep([at(1)])[0]?.client).not.toBe(before?.client);
  expect(told).toEqual(["opened 1", "closed 1", "opened 1"]);
  await kept.close();
});

test("closing closes all that is open, also what has just gone, and twice is fine", async () => {
  const { kept, told } = openKeeping();
  kept.keep([at(1), at(2), at(2)]);
  kept.keep([at(2)]);
  await kept.close();
  await kept.close();
  expect(new Set(told)).toEqual(new Set(["opened 1", "opened 2", "closed 1", "closed 2"]));
});
