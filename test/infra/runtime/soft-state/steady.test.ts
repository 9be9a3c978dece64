import { expect, onTestFinished, test } from "vitest";
import { softStateTurned } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { createSteadySoftState } from "#infra/runtime/soft-state/steady.ts";
import { isUnsent } from "#infra/runtime/soft-state/unsent.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const unavailable = { code: "soft_state_unavailable" };

/** A soft state that a test takes away and gives back, and that says how often it was really asked. */
function subject() {
  const clock = createFakeClock();
  const real = createSoftStateInProcess({ clock });
  let away = false;
  let asked = 0;
  const held: (() => void)[] = [];
  let holding = false;
  const inner: SoftState = {
    ...real,
    apply: async (operations, waiting) => {
      asked += 1;
      if (holding) await new Promise<void>((resolve) => held.push(resolve));
      waiting?.signal?.throwIfAborted();
      if (away) throw new TradewindError("soft_state_unavailable", "away");
      return await real.apply(operations, waiting);
    },
  };
  const soft = createSteadySoftState(inner, { clock, failures: 3, openMs: 1_000 });
  const turns: string[] = [];
  onTestFinished(softStateTurned.subscribe(({ mode }) => turns.push(mode)));
  onTestFinished(() => soft.close());
  return {
    soft,
    clock,
    turns,
    count: (signal?: AbortSignal) =>
      soft.apply([{ kind: "increment", key: "n", by: 1, ttlMs: 60_000 }], signal ? { signal } : {}),
    goAway: () => {
      away = true;
    },
    comeBack: () => {
      away = false;
    },
    hold: () => {
      holding = true;
    },
    letGo: () => {
      holding = false;
      for (const go of held.splice(0)) go();
    },
    asked: () => asked,
  };
}

async function fail(times: number, count: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < times; time += 1) await expect(count()).rejects.toMatchObject(unavailable);
}

test("tells calls that it refused itself from those that may have been done", async () => {
  const { count, goAway } = subject();
  goAway();
  const failures: unknown[] = [];
  for (let time = 0; time < 4; time += 1) await count().catch((error: unknown) => failures.push(error));
  expect(failures.map(isUnsent)).toEqual([false, false, false, true]);
});

test("passes calls and their answers while the soft state answers", async () => {
  const { soft, count, turns } = subject();
  expect([await count(), await count()]).toEqual([[1], [2]]);
  expect([soft.mode(), turns]).toEqual(["closed", []]);
});

test("refuses without asking after so many failures in a row", async () => {
  const { soft, count, goAway, asked, turns } = subject();
  goAway();
  await fail(3, count);
  expect(soft.mode()).toBe("open");
  await fail(10, count);
  await expect(soft.publish("c", "m")).rejects.toMatchObject(unavailable);
  expect([asked(), turns]).toEqual([3, ["open"]]);
});

test("begins to count failures anew with every answer", async () => {
  const { soft, count, goAway, comeBack } = subject();
  for (let round = 0; round < 3; round += 1) {
    goAway();
    await fail(2, count);
    comeBack();
    await count();
  }
  expect(soft.mode()).toBe("closed");
});

test("sends one probe when its time is over, refuses the others meanwhile, and closes with the answer", async () => {
  const { soft, clock, count, goAway, comeBack, hold, letGo, asked, turns } = subject();
  goAway();
  await fail(3, count);
  comeBack();
  clock.advance(999);
  await fail(1, count);
  clock.advance(1);
  hold();
  const probe = count();
  expect(soft.mode()).toBe("half-open");
  await fail(5, count);
  letGo();
  await probe;
  expect([soft.mode(), asked()]).toEqual(["closed", 4]);
  await count();
  expect(turns).toEqual(["open", "half-open", "closed"]);
});

test("opens anew with the first failure of its probe", async () => {
  const { soft, clock, count, goAway, asked, turns } = subject();
  goAway();
  await fail(3, count);
  clock.advance(1_000);
  await fail(2, count);
  expect([soft.mode(), asked()]).toEqual(["open", 4]);
  clock.advance(1_000);
  await fail(1, count);
  expect(turns).toEqual(["open", "half-open", "open", "half-open", "open"]);
});

test("lets the next call be the probe when the caller of the first one left", async () => {
  const { soft, clock, count, goAway, comeBack, hold, letGo } = subject();
  goAway();
  await fail(3, count);
  comeBack();
  clock.advance(1_000);
  hold();
  const leaving = new AbortController();
  const probe = count(leaving.signal);
  leaving.abort(new Error("left"));
  letGo();
  await expect(probe).rejects.toThrow("left");
  expect(soft.mode()).toBe("open");
  await count();
  expect(soft.mode()).toBe("closed");
});

test("learns nothing from calls that were under way before it turned", async () => {
  const { soft, clock, count, goAway, comeBack, hold, letGo } = subject();
  hold();
  const early = count();
  goAway();
  const failing = [count(), count(), count()];
  letGo();
  await expect(early).rejects.toMatchObject(unavailable);
  await Promise.allSettled(failing);
  expect(soft.mode()).toBe("open");
  clock.advance(1_000);
  comeBack();
  await count();
  expect(soft.mode()).toBe("closed");
});

test("takes a call that makes no sense for no failure", async () => {
  const { soft } = subject();
  for (let time = 0; time < 5; time += 1) {
    await expect(soft.apply([{ kind: "get", key: "" }])).rejects.toMatchObject({ code: "internal" });
  }
  expect(soft.mode()).toBe("closed");
});
