import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { admissionsHold, refusalsHold } from "./soft-state-admissions.ts";
import { budgetsAndValuesHold } from "./soft-state-budgets.ts";
import { ratesAndPlacesHold } from "./soft-state-rates.ts";

export type SoftStateContract = {
  readonly name: string;
  /** A fresh soft state that shares nothing with the last one, and the way to let its time pass. */
  readonly create: () => Promise<Subject>;
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[];
};

export type Subject = {
  readonly soft: SoftState;
  /** Milliseconds go by; a real server's clock can only be waited for. */
  readonly pass: (ms: number) => Promise<void>;
};

/** What every soft state holds to; a difference is declared by `skip`, never hidden. */
export function runSoftStateContract({ name, create, skip = [] }: SoftStateContract): void {
  const skipped = new Set(skip.flatMap(({ tests }) => tests));
  const holds = (behaviour: string, prove: (subject: Subject) => Promise<void>): void => {
    test.skipIf(skipped.has(behaviour))(behaviour, async () => {
      const subject = await create();
      onTestFinished(() => subject.soft.close());
      await prove(subject);
    });
  };
  describe(name, () => {
    describe("values", () => valuesHold(holds));
    describe("counts", () => countsHold(holds));
    describe("calls", () => callsHold(holds));
    describe("messages", () => messagesHold(holds));
    describe("rates and places", () => ratesAndPlacesHold(holds));
    describe("budgets and values", () => budgetsAndValuesHold(holds));
    describe("admissions", () => admissionsHold(holds));
    describe("refused admissions", () => refusalsHold(holds));
  });
}

type Holds = (behaviour: string, prove: (subject: Subject) => Promise<void>) => void;

const ttlMs = 60_000;

function valuesHold(holds: Holds): void {
  holds("gives back the bytes it was given, whatever they are", async ({ soft }) => {
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const [stored, got] = await soft.apply([
      { kind: "set", key: "all bytes", value, ttlMs },
      { kind: "get", key: "all bytes" },
    ]);
    expect(stored).toBe(true);
    expect([...(got ?? [])]).toEqual([...value]);
  });

  holds("gives back text as UTF-8 bytes, the empty text too", async ({ soft }) => {
    const [, , word, empty] = await soft.apply([
      { kind: "set", key: "größe", value: "grün ✓", ttlMs },
      { kind: "set", key: "empty", value: "", ttlMs },
      { kind: "get", key: "größe" },
      { kind: "get", key: "empty" },
    ]);
    expect(new TextDecoder().decode(word)).toBe("grün ✓");
    expect(empty?.byteLength).toBe(0);
  });

  holds("answers undefined for a key it does not hold", async ({ soft }) => {
    expect(await soft.apply([{ kind: "get", key: "never set" }])).toEqual([undefined]);
  });

  holds("forgets a value when its time is over, and not before", async ({ soft, pass }) => {
    await soft.apply([{ kind: "set", key: "short", value: "1", ttlMs: 400 }]);
    await pass(100);
    const [before] = await soft.apply([{ kind: "get", key: "short" }]);
    await pass(300);
    const [after] = await soft.apply([{ kind: "get", key: "short" }]);
    expect(before?.byteLength).toBe(1);
    expect(after).toBeUndefined();
  });

  holds("starts a value's time anew when it is set again", async ({ soft, pass }) => {
    await soft.apply([{ kind: "set", key: "again", value: "1", ttlMs: 300 }]);
    await soft.apply([{ kind: "set", key: "again", value: "2", ttlMs }]);
    await pass(310);
    const [got] = await soft.apply([{ kind: "get", key: "again" }]);
    expect(new TextDecoder().decode(got)).toBe("2");
  });

  holds("stores only the first of two values that want the key to be absent", async ({ soft }) => {
    const claim = (value: string) =>
      soft.apply([{ kind: "set", key: "claim", value, ttlMs, onlyIfAbsent: true }]);
    const claims = await Promise.all([claim("a"), claim("b")]);
    const [held] = await soft.apply([{ kind: "get", key: "claim" }]);
    expect(claims).toEqual([[true], [false]]);
    expect(new TextDecoder().decode(held)).toBe("a");
  });

  holds("takes a key as absent again once its value's time is over", async ({ soft, pass }) => {
    const claim = { kind: "set", key: "lease", value: "x", ttlMs: 100, onlyIfAbsent: true } as const;
    await soft.apply([claim]);
    await pass(110);
    expect(await soft.apply([claim])).toEqual([true]);
  });

  holds("says whether there was something to delete", async ({ soft }) => {
    const results = await soft.apply([
      { kind: "set", key: "doomed", value: "x", ttlMs },
      { kind: "delete", key: "doomed" },
      { kind: "delete", key: "doomed" },
      { kind: "get", key: "doomed" },
    ]);
    expect(results).toEqual([true, true, false, undefined]);
  });

  holds("is not changed by what a caller does to bytes it gave or got", async ({ soft }) => {
    const given = new Uint8Array([1, 2, 3]);
    await soft.apply([{ kind: "set", key: "own", value: given, ttlMs }]);
    given.fill(9);
    const [first] = await soft.apply([{ kind: "get", key: "own" }]);
    first?.fill(7);
    const [second] = await soft.apply([{ kind: "get", key: "own" }]);
    expect([...(second ?? [])]).toEqual([1, 2, 3]);
  });
}

function countsHold(holds: Holds): void {
  holds("counts from nothing, up and down", async ({ soft }) => {
    const results = await soft.apply([
      { kind: "increment", key: "n", by: 5, ttlMs },
      { kind: "increment", key: "n", by: -7, ttlMs },
      { kind: "increment", key: "n", by: 0, ttlMs },
    ]);
    expect(results).toEqual([5, -2, -2]);
  });

  holds("loses no count among many callers at once", async ({ soft }) => {
    const step = () => soft.apply([{ kind: "increment", key: "busy", by: 1, ttlMs }]);
    const counts = (await Promise.all(Array.from({ length: 200 }, step))).flat();
    expect(new Set(counts).size).toBe(200);
    expect(Math.max(...counts)).toBe(200);
  });

  holds("ends a count by the time of its birth, however often it grew", async ({ soft, pass }) => {
    const step = { kind: "increment", key: "window", by: 1, ttlMs: 400 } as const;
    await soft.apply([step]);
    await pass(250);
    expect(await soft.apply([{ ...step, ttlMs }])).toEqual([2]);
    await pass(160);
    expect(await soft.apply([step])).toEqual([1]);
  });

  holds("reads a count as its digits, and counts on from digits that were set", async ({ soft }) => {
    const [, count, text] = await soft.apply([
      { kind: "set", key: "digits", value: "41", ttlMs },
      { kind: "increment", key: "digits", by: 1, ttlMs },
      { kind: "get", key: "digits" },
    ]);
    expect(count).toBe(42);
    expect(new TextDecoder().decode(text)).toBe("42");
  });

  holds("refuses to count what is no number", async ({ soft }) => {
    await soft.apply([{ kind: "set", key: "words", value: "no number", ttlMs }]);
    const counting = soft.apply([{ kind: "increment", key: "words", by: 1, ttlMs }]);
    await expect(counting).rejects.toMatchObject({ code: "soft_state_unavailable" });
  });
}

function callsHold(holds: Holds): void {
  holds("answers an empty call with nothing", async ({ soft }) => {
    expect(await soft.apply([])).toEqual([]);
  });

  holds("types each answer after its operation", async ({ soft }) => {
    const [got, stored, count] = await soft.apply([
      { kind: "get", key: "typed" },
      { kind: "set", key: "typed", value: "x", ttlMs },
      { kind: "increment", key: "typed count", by: 1, ttlMs },
    ]);
    // These lines compile only while no answer needs a cast.
    const lengths: number | undefined = got?.byteLength;
    const both: boolean = stored && count > 0;
    expect([lengths, both]).toEqual([undefined, true]);
  });

  const refused = [
    ["an empty key", { kind: "get", key: "" }],
    ["a key of 513 bytes", { kind: "delete", key: "k".repeat(513) }],
    ["a value over a mebibyte", { kind: "set", key: "k", value: new Uint8Array(1_048_577), ttlMs }],
    ["a value that never expires", { kind: "set", key: "k", value: "", ttlMs: Number.POSITIVE_INFINITY }],
    ["a time to live of nothing", { kind: "set", key: "k", value: "", ttlMs: 0 }],
    ["a count by a half", { kind: "increment", key: "k", by: 0.5, ttlMs }],
  ] as const;
  for (const [what, operation] of refused) {
    holds(`refuses ${what} before doing anything`, async ({ soft }) => {
      const call = soft.apply([{ kind: "set", key: "beside", value: "x", ttlMs }, operation]);
      await expect(call).rejects.toMatchObject({ code: "internal" });
      expect(await soft.apply([{ kind: "get", key: "beside" }])).toEqual([undefined]);
    });
  }

  holds("refuses more than 128 operations in one call", async ({ soft }) => {
    const many = Array.from({ length: 129 }, () => ({ kind: "get", key: "k" }) as const);
    await expect(soft.apply(many)).rejects.toMatchObject({ code: "internal" });
  });

  holds("does nothing for a caller who left already", async ({ soft }) => {
    const signal = AbortSignal.abort(new Error("left"));
    const set = soft.apply([{ kind: "set", key: "left", value: "x", ttlMs }], { signal });
    await expect(set).rejects.toThrow("left");
    expect(await soft.apply([{ kind: "get", key: "left" }])).toEqual([undefined]);
  });

  holds("answers a ping while it is open", async ({ soft }) => {
    await expect(soft.ping()).resolves.toBeUndefined();
  });

  holds("closes twice, and refuses every call after that", async ({ soft }) => {
    await soft.close();
    await soft.close();
    const unavailable = { code: "soft_state_unavailable" };
    await expect(soft.apply([{ kind: "get", key: "k" }])).rejects.toMatchObject(unavailable);
    await expect(soft.publish("c", "m")).rejects.toMatchObject(unavailable);
    await expect(soft.subscribe("c", () => undefined)).rejects.toMatchObject(unavailable);
    await expect(soft.ping()).rejects.toMatchObject(unavailable);
  });
}

function messagesHold(holds: Holds): void {
  holds("brings a message to every listener of its channel and to no other", async ({ soft }) => {
    const [first, second, other] = [vi.fn(), vi.fn(), vi.fn()];
    await soft.subscribe("fleet", first);
    await soft.subscribe("fleet", second);
    await soft.subscribe("keys", other);
    await soft.publish("fleet", "version 2 ✓");
    await vi.waitFor(() =>
      expect([first.mock.calls, second.mock.calls]).toEqual([[["version 2 ✓"]], [["version 2 ✓"]]]),
    );
    expect(other).not.toHaveBeenCalled();
  });

  holds("brings messages in the order in which they were said", async ({ soft }) => {
    const heard: string[] = [];
    await soft.subscribe("order", (message) => heard.push(message));
    const said = Array.from({ length: 50 }, (_, place) => `${place}`);
    for (const message of said) await soft.publish("order", message);
    await vi.waitFor(() => expect(heard).toEqual(said));
  });

  holds("stops bringing messages to a listener that left, and to that one only", async ({ soft }) => {
    const [leaves, stays] = [vi.fn(), vi.fn()];
    const unsubscribe = await soft.subscribe("fleet", leaves);
    await soft.subscribe("fleet", stays);
    await unsubscribe();
    await unsubscribe();
    await soft.publish("fleet", "later");
    await vi.waitFor(() => expect(stays).toHaveBeenCalledWith("later"));
    expect(leaves).not.toHaveBeenCalled();
  });

  holds("listens again on a channel that its last listener had left", async ({ soft }) => {
    const unsubscribe = await soft.subscribe("again", () => undefined);
    await unsubscribe();
    const heard = vi.fn();
    await soft.subscribe("again", heard);
    await soft.publish("again", "back");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("back"));
  });

  holds("brings a message past a listener that throws", async ({ soft }) => {
    const heard = vi.fn();
    await soft.subscribe("fragile", () => {
      throw new Error("this listener is broken");
    });
    await soft.subscribe("fragile", heard);
    await soft.publish("fragile", "still");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("still"));
  });

  holds("refuses a message over 64 KiB", async ({ soft }) => {
    await expect(soft.publish("fleet", "m".repeat(65_537))).rejects.toMatchObject({ code: "internal" });
  });
}
