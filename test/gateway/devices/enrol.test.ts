import { expect, test } from "vitest";
import { systemClock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { openEdgeDoor } from "#test/support/edge-door.ts";
import { ProvingDevice } from "#test/support/proving-device.ts";

const madeUp = `enr_0123456789ab.${"s".repeat(32)}`;

/** Records without a single token, which tell what they were asked for. */
function emptyRecords() {
  const asked = { atOnce: 0, mostAtOnce: 0, queries: 0, transactions: 0 };
  const close = async (): Promise<void> => {};
  const query = async (): Promise<never[]> => {
    asked.queries += 1;
    asked.atOnce += 1;
    asked.mostAtOnce = Math.max(asked.mostAtOnce, asked.atOnce);
    await new Promise(setImmediate);
    asked.atOnce -= 1;
    return [];
  };
  const transaction: Database["transaction"] = (work) => {
    asked.transactions += 1;
    return work(query);
  };
  const database: Database = { query, transaction, close, [Symbol.asyncDispose]: close };
  return { asked, database };
}

test("a stranger with a made-up token costs one read, opens no transaction and leaves nothing in the soft state", async () => {
  const { asked, database } = emptyRecords();
  let kept = 0;
  const inProcess = createSoftStateInProcess({ clock: systemClock });
  const softState: Pick<SoftState, "apply"> = {
    apply: (operations) => {
      kept += 1;
      return inProcess.apply(operations);
    },
  };
  const { send } = openEdgeDoor({ database, softState });
  const replies = await Promise.all(Array.from({ length: 30 }, () => new ProvingDevice(send).enrol(madeUp)));
  for (const reply of replies)
    expect(reply).toMatchObject({ status: 401, body: { code: "enrolment_refused" } });
  expect(asked).toMatchObject({ queries: 30, transactions: 0 });
  expect(asked.mostAtOnce).toBeLessThanOrEqual(2);
  expect(kept).toBe(0);
});

test("strangers whose bodies never end leave room for devices", async () => {
  const { database } = emptyRecords();
  const { send } = openEdgeDoor({ database });
  const drips = Array.from({ length: 300 }, async () => {
    const { path, init } = await new ProvingDevice(send).sign({
      method: "POST",
      path: "/edge/v1/enrol",
      body: {},
    });
    const gone = new AbortController();
    const body = new ReadableStream({
      start: (stream) => gone.signal.addEventListener("abort", () => stream.error(new Error("gone"))),
    });
    return { reply: Promise.resolve(send(path, { ...init, body, duplex: "half" } as RequestInit)), gone };
  });
  const held = await Promise.all(drips);
  const device = Object.assign(new ProvingDevice(send), { device: `dev_${"0".repeat(26)}` });
  const reply = await device.call({ path: "/edge/v1/plan?nonce=0123456789abcdef" });
  for (const { gone } of held) gone.abort();
  const statuses = await Promise.all(held.map(async ({ reply: each }) => (await each).status));
  // Its key is on no record, which is all that is wrong.
  expect(reply).toMatchObject({ status: 401, body: { code: "proof_refused" } });
  expect(statuses.filter((status) => status === 503).length).toBe(100);
});
