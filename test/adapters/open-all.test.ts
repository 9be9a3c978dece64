import { expect, test } from "vitest";
import { openAll } from "#adapters/open-all.ts";
import type { Provider } from "#adapters/provider.ts";
import { termsOf } from "#adapters/registry.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Providers that write down when they are closed. */
function watched() {
  const closed: string[] = [];
  const provider = (name: string, failing = false): Provider => {
    const close = async (): Promise<void> => {
      closed.push(name);
      if (failing) throw new Error("it cannot be closed");
    };
    const discover = async () => [];
    return { kind: name, terms: termsOf({ kind: "static" }), discover, close, [Symbol.asyncDispose]: close };
  };
  return { closed, provider };
}

const failing = async (): Promise<Provider> => {
  throw new TradewindError("config_invalid", "no secret", { hint: "set it", cause: new Error("inner") });
};

test("all that open are there by their names, and stay open", async () => {
  const { closed, provider } = watched();
  const opened = await openAll({ a: async () => provider("a"), b: async () => provider("b") });
  expect([...opened.keys()]).toEqual(["a", "b"]);
  expect(opened.get("b")?.kind).toBe("b");
  expect(closed).toEqual([]);
});

test("one that cannot be opened closes all others, even if closing fails, and is named with its own code", async () => {
  const { closed, provider } = watched();
  const opening = openAll({
    a: async () => provider("a", true),
    b: failing,
    c: async () => provider("c"),
  });
  await expect(opening).rejects.toMatchObject({
    code: "config_invalid",
    message: "providers.b: no secret",
    hint: "set it",
    cause: new Error("inner"),
  });
  expect(closed).toEqual(["a", "c"]);
});

test("what is thrown without a code is told as a fault of ours", async () => {
  const opening = openAll({
    a: async () => {
      throw new Error("the SDK is broken");
    },
  });
  await expect(opening).rejects.toMatchObject({ code: "internal" });
});

test("nothing to open is nothing opened", async () => {
  expect((await openAll({})).size).toBe(0);
});
