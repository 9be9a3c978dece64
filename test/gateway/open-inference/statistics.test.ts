import { expect, test } from "vitest";
import type { Target } from "#gateway/open-inference/find-target.ts";
import type { Passed } from "#gateway/open-inference/pass-on.ts";
import { readAllStatistics } from "#gateway/open-inference/statistics.ts";
import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";

const targets = ["a", "b", "c"].map((name) => ({ name }) as Target);
const said = (body: string) => ({ body: Buffer.from(body) }) as Passed;

async function read(second: () => Promise<Passed>): Promise<readonly unknown[]> {
  const ask = async ({ name }: Target): Promise<Passed> =>
    name === "b" ? await second() : said(JSON.stringify({ model_stats: [{ name }] }));
  return (await readAllStatistics(targets, ask)).model_stats;
}

test.each(["no JSON", "{}", "null", '{"model_stats":{}}'])(
  "statistics that are none, such as %s, leave the others as they are",
  async (body) => {
    expect(await read(async () => said(body))).toEqual([{ name: "a" }, { name: "c" }]);
  },
);

test("what a backend tells of a model that nobody asked about is left out", async () => {
  const more = {
    model_stats: [{ name: "hidden" }, null, { name: "b", version: "1" }, { name: "b", version: "2" }],
  };
  const [a, b1, b2, c] = [
    { name: "a" },
    { name: "b", version: "1" },
    { name: "b", version: "2" },
    { name: "c" },
  ];
  expect(await read(async () => said(JSON.stringify(more)))).toEqual([a, b1, b2, c]);
});

test("sixteen are asked for statistics side by side, 64 in all, and listed in their order", async () => {
  const many = Array.from({ length: 100 }, (_, place) => ({ name: `m${place}` }) as Target);
  const answers: (() => void)[] = [];
  let [underWay, most] = [0, 0];
  const reading = readAllStatistics(many, async ({ name }) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise<void>((resolve) => answers.push(resolve));
    underWay -= 1;
    return said(JSON.stringify({ model_stats: [{ name }] }));
  });
  expect(answers).toHaveLength(16);
  // The latest first.
  while (answers.length > 0) {
    answers.pop()?.();
    await new Promise(setImmediate);
  }
  const { model_stats: list } = await reading;
  expect(list).toEqual(many.slice(0, 64).map(({ name }) => ({ name })));
  expect(most).toBe(16);
});

test("a model that cannot be asked is left out of the statistics", async () => {
  const full = () => Promise.reject(new TradewindError("backend_full", "full"));
  expect(await read(full)).toEqual([{ name: "a" }, { name: "c" }]);
});

test.each<ErrorCode>(["caller_left", "deadline_exceeded"])(
  "after %s nobody else is asked for statistics",
  async (code) => {
    await expect(read(() => Promise.reject(new TradewindError(code, "over")))).rejects.toMatchObject({
      code,
    });
  },
);
