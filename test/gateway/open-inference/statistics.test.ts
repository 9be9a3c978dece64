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
