import { expect, test } from "vitest";
import { untilAborted } from "#adapters/cloud-run/until-aborted.ts";

const never = new Promise<string>(() => {});

test("waiting ends with the work, with its failure, or when the signal ends it", async () => {
  const open = new AbortController();
  expect(await untilAborted(Promise.resolve("done"), open.signal)).toBe("done");
  await expect(untilAborted(Promise.reject(new Error("broken")), open.signal)).rejects.toThrow("broken");
  const waiting = untilAborted(never, open.signal);
  open.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(untilAborted(never, open.signal)).rejects.toThrow("enough");
});
