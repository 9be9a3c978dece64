import { beforeAll, describe, expect, test } from "vitest";
import { createOpenInferenceClient, type OpenInferenceClient } from "#adapters/open-inference.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { whyNoNamespace } from "#test/support/namespace.ts";
import type { Behaviour } from "#test/support/programmable-backend/behaviour.ts";
import { startProgrammableBackend } from "#test/support/programmable-backend/launch.ts";
import type { Row } from "../faults/fault-row.ts";
import { rows } from "../faults/fault-table.ts";
import { judge, measure } from "../faults/measure.ts";
import type { Sample } from "../faults/open-loop.ts";
import { quick, quickLanes } from "../faults/run-row.ts";
import { type Result, runTable } from "../faults/run-table.ts";

const noNamespace = await whyNoNamespace();

describe("the fault table", () => {
  let results: readonly Result[];
  beforeAll(async () => {
    results = await runTable(rows, { setting: quick, lanes: quickLanes, say: () => {} });
  }, 400_000);

  for (const row of rows) {
    const unable = row.fault.kind === "cut" ? noNamespace : undefined;
    if (unable !== undefined) console.warn(`${row.name}: not run, ${unable}`);
    test.skipIf(unable !== undefined)(
      `clients see of a broken fleet what the table promises: ${row.name}`,
      () => {
        const result = results.find(({ name }) => name === row.name);
        expect(result?.problems, JSON.stringify(result?.measured)).toEqual([]);
      },
    );
  }

  test("each row of the fault table is run under load, and no client is left without an answer", () => {
    expect(results.map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
    for (const { name, measured, skipped } of results) {
      if (skipped !== undefined) continue;
      expect([name, measured?.statuses["0"]]).toEqual([name, undefined]);
      expect(measured?.requests, name).toBeGreaterThan(50);
    }
  });
});

test("a programmable backend breaks as it is told, and is well again", async () => {
  await using backend = await startProgrammableBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  const after = async (changes: Partial<Behaviour>): Promise<string> => {
    await backend.behave(changes);
    return await ask(client);
  };
  expect(await after({})).toBe("40");
  expect(await after({ answers: "shifted" })).toBe("130");
  for (const answers of ["never", "stalled", "drip"] as const)
    expect([answers, await after({ answers })]).toEqual([answers, "deadline_exceeded"]);
  for (const answers of ["reset", "cut"] as const)
    expect([answers, await after({ answers })]).toEqual([answers, "backend_failed"]);
  for (const answers of ["garbage", "wrong", "enormous"] as const)
    expect([answers, await after({ answers })]).toEqual([answers, "backend_answer_invalid"]);
  expect(await after({ answers: "never", answersShare: 0 })).toBe("40");
  expect(await after({ connections: "unread" })).toBe("deadline_exceeded");
  expect(await after({ connections: "reset" })).toBe("backend_failed");
  expect(await after({ connections: "refused" })).toBe("backend_unreachable");
  expect(await after({ refuses: { status: 429, share: 1 } })).toBe("backend_full");
  expect(await after({ capacity: { most: 0, retryAfterS: 2 } })).toBe("backend_full");
  expect(await after({ refuses: { status: 502, share: 1 } })).toBe("backend_failed");
  expect(await after({})).toBe("40");
  await expect(backend.behave(JSON.parse('{"mood":"bad"}'))).rejects.toThrow("unknown: mood");
});

test("a programmable backend counts what it sees, and its journal outlives it", async () => {
  await using backend = await startProgrammableBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  await backend.behave({ latency: { law: "queue", workers: 1, serviceMs: 60, sigma: 0 } });
  expect(await Promise.all([ask(client), ask(client), ask(client)])).toEqual(["40", "40", "40"]);
  expect(await backend.counters()).toMatchObject({ requests: 3, maxInFlight: 3, inFlight: 0, aborted: 0 });
  await backend.behave({ answers: "never" });
  expect(await ask(client)).toBe("deadline_exceeded");
  await expect.poll(async () => (await backend.counters()).aborted).toBe(1);
  await backend.kill();
  expect(await ask(client)).toBe("backend_unreachable");
  await backend.revive();
  await backend.behave({});
  expect(await ask(client)).toBe("40");
  expect(await backend.arrivals()).toHaveLength(5);
});

test("programmable backends of one seed refuse the same images, of another seed others", async () => {
  const refusedAt = async (seed: number): Promise<string> => {
    await using backend = await startProgrammableBackend({ seed });
    await using client = createOpenInferenceClient({ url: backend.url });
    await backend.behave({ latency: { law: "constant", ms: 0 }, refuses: { status: 500, share: 0.5 } });
    const answers: string[] = [];
    for (let image = 0; image < 24; image += 1) answers.push(await ask(client));
    return answers.map((answer) => (answer === "40" ? "." : "x")).join("");
  };
  const [one, again, other] = await Promise.all([refusedAt(7), refusedAt(7), refusedAt(8)]);
  expect(again).toBe(one);
  expect(other).not.toBe(one);
  expect(one).toMatch(/x.*\.|\..*x/);
});

test.skipIf(noNamespace !== undefined)(
  "a link that is cut tells nobody, and carries all when it is restored",
  async () => {
    await using backend = await startProgrammableBackend({ namespaced: true });
    await using client = createOpenInferenceClient({ url: backend.url });
    expect(await ask(client)).toBe("40");
    await backend.cut();
    expect(await ask(client)).toBe("deadline_exceeded");
    await backend.restore();
    await expect.poll(() => ask(client), { timeout: 5_000 }).toBe("40");
  },
);

const row: Row = {
  name: "planted",
  whom: "busiest",
  fault: { kind: "stopped" },
  expectation: {
    statuses: [200],
    answered: 1,
    inTime: 1,
    p99Ms: 0,
    tries: 1,
    load: 1,
    recoveredMs: 0,
    usedAgainMs: 20,
  },
};
const sample = (dueMs: number, latencyMs: number, status = 200): Sample => {
  return {
    dueMs,
    latencyMs,
    status,
    lateMs: 0,
    code: undefined,
    hasRetryAfter: status !== 503,
    trace: `${dueMs}`,
  };
};
const arrival = (atMs: number, trace = atMs) => ({ atMs, trace: `${trace}` });

test("a row that holds everything has no problem", () => {
  const samples = [sample(0, 10), sample(100, 10), sample(200, 10)];
  const arrivals = [[arrival(0), arrival(200)], [arrival(100)]];
  expect(
    judge(row, measure({ samples, arrivals, hit: [0], beganMs: 100, endsMs: 190, endedMs: 190 })),
  ).toEqual([]);
});

test("each thing that a row does not hold is told", () => {
  const samples = [
    sample(0, 10),
    sample(100, 5_000),
    sample(110, 10, 502),
    sample(200, 10, 504),
    sample(230, 10),
  ];
  const arrivals = [
    [arrival(0), arrival(230)],
    [arrival(100), arrival(101, 100), arrival(110), arrival(200)],
  ];
  const problems = judge(
    row,
    measure({ samples, arrivals, hit: [0], beganMs: 100, endsMs: 190, endedMs: 190 }),
  );
  expect(problems).toEqual([
    "1 had status 502",
    "1 had status 504",
    "answered was 0.5, expected 1 at least",
    "inTime was 0, expected 1 at least",
    "p99Ms was 5000, expected 10 at most",
    "tries was 2, expected 1 at most",
    "load was 1.2, expected 1 at most",
    "recoveredMs was 10, expected 0 at most",
    "the backend was used again after 40 ms, expected 20 at most",
  ]);
});

test("a fault that met hardly anybody, or a refusal that does not say when to come again, is told", () => {
  const seen = { samples: [sample(0, 10), sample(100, 10, 503), sample(200, 10)], hit: [0] };
  const times = { beganMs: 100, endsMs: 190, endedMs: 190 };
  const elsewhere = measure({ ...seen, ...times, arrivals: [[arrival(200)], [arrival(0), arrival(100)]] });
  expect(judge(row, elsewhere)).toContain("only 0 of the images went there before it happened");
  expect(judge(row, elsewhere)).toContain("1 with status 503 were not told when to come again");
  expect(judge({ ...row, whom: "nobody" }, elsewhere).join()).not.toContain("went there");
});

/** Where the first box begins, or why there is none. */
async function ask(client: OpenInferenceClient): Promise<string> {
  const signal = AbortSignal.timeout(400);
  const input = { width: 320, height: 320 };
  const model = {
    name: "digits-s",
    version: "1",
    task: "detect",
    precision: "fp32",
    names: ["0", "1"],
    input,
  } as const;
  const options = { conf: 0.25, iou: 0.45, maxDetections: 10 };
  try {
    const { detections } = await client.detect({ model, image: Buffer.from("a picture"), options, signal });
    return `${detections[0]?.box.x1}`;
  } catch (error) {
    return asTradewindError(error).code;
  }
}
