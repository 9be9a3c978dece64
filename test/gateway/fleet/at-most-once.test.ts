import { expect, test, vi } from "vitest";
import { atMostOnce } from "#gateway/fleet/at-most-once.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function openWork() {
  const clock = createFakeClock();
  const closing = new AbortController();
  const began: number[] = [];
  let hold = Promise.withResolvers<void>();
  hold.resolve();
  const wanted = atMostOnce(
    async () => {
      began.push(clock.elapsed());
      await hold.promise;
    },
    { everyMs: 1_000, clock, signal: closing.signal },
  );
  const holdUp = () => {
    hold = Promise.withResolvers();
    return hold;
  };
  return { clock, closing, began, wanted, holdUp };
}

test("what is wanted is done at once, and what is wanted by many is done once for all of them a while later", async () => {
  const { clock, began, wanted } = openWork();
  wanted.want();
  expect(began).toEqual([0]);
  for (let ms = 0; ms < 3_000; ms += 50) {
    wanted.want();
    await Promise.resolve();
    clock.advance(50);
    await vi.waitFor(() => undefined);
  }
  await vi.waitFor(() => expect(began.length).toBeGreaterThan(1));
  expect(began.length).toBeLessThanOrEqual(4);
  for (const [place, at] of began.slice(1).entries())
    expect(at - (began[place] ?? 0)).toBeGreaterThanOrEqual(1_000);
});

test("what is wanted while it is being done is done once more", async () => {
  const { clock, began, wanted, holdUp } = openWork();
  const hold = holdUp();
  wanted.want();
  wanted.want();
  hold.resolve();
  await vi.waitFor(() => {
    clock.advance(1_000);
    expect(began).toHaveLength(2);
  });
});

test("nothing begins any more once it is closed, and what has begun is waited for", async () => {
  const { closing, began, wanted, holdUp } = openWork();
  const hold = holdUp();
  wanted.want();
  wanted.want();
  closing.abort();
  let isIdle = false;
  const idle = wanted.idle().then(() => {
    isIdle = true;
  });
  await Promise.resolve();
  expect(isIdle).toBe(false);
  hold.resolve();
  await idle;
  wanted.want();
  expect(began).toHaveLength(1);
});
