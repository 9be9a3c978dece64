import { expect, test } from "vitest";
import { outOfSight } from "#gateway/devices/out-of-sight.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

const here = new AbortController().signal;

test("a device is not told where the database is that cannot be reached", async () => {
  const cause = new TradewindError(
    "database_unavailable",
    "cannot reach PostgreSQL at postgres://db.internal",
  );
  const refused = outOfSight(here, () => Promise.reject(cause));
  await expect(refused).rejects.toMatchObject({ code: "database_unavailable", cause });
  await expect(refused).rejects.not.toThrow(/db\.internal/);
});

test("a look-up that takes too long is one that failed, and a device that left is told as that", async () => {
  const late = AbortSignal.timeout(1);
  const never = () =>
    new Promise<never>((_, reject) => late.addEventListener("abort", () => reject(late.reason)));
  await expect(outOfSight(late, never)).rejects.toMatchObject({ code: "database_unavailable" });
  const left = AbortSignal.abort();
  await expect(outOfSight(left, () => Promise.reject(left.reason))).rejects.toMatchObject({
    code: "caller_left",
  });
});

test("what is refused stays what it is, and what is answered too", async () => {
  const refusal = new TradewindError("proof_refused", "no");
  await expect(outOfSight(here, () => Promise.reject(refusal))).rejects.toBe(refusal);
  expect(await outOfSight(here, async () => 7)).toBe(7);
});
