import { expect, test } from "vitest";
import { answersCompared, driftTurned } from "#gateway/agreement/agreement-channels.ts";
import { DriftWatch } from "#gateway/agreement/drift-watch.ts";
import { measureAgreement, tellDrift } from "#gateway/trials/measure-agreement.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";

const model = "measured-here";
const compared = { what: "agreement", model, backend: "a", peer: "b", ms: 1, usd: 0 } as const;

test("agreement is a number for each backend, and whether it drifts another; who is gone has none", async () => {
  const metrics = createMetrics({ processMetrics: false });
  const watch = new DriftWatch();
  using _ = measureAgreement(metrics, watch);
  const lines = async () => (await metrics.metrics()).split("\n").filter((line) => line.includes(model));
  const say = (agreement: number) => {
    watch.learn({ model, backend: "a", peer: "b", agreement, scoreDifference: undefined, minimum: 0.9 });
    answersCompared.publish({ ...compared, agreement, scoreDifference: undefined, code: undefined });
  };
  say(1);
  say(0.5);
  expect(await lines()).toEqual([
    `tradewind_answers_agreement{model="${model}",backend="a"} 0.75`,
    `tradewind_answers_agreement{model="${model}",backend="b"} 0.75`,
    `tradewind_backend_drifts{model="${model}",backend="a"} 0`,
    `tradewind_backend_drifts{model="${model}",backend="b"} 0`,
  ]);
  const turned = { model, backend: "b", blamed: true, against: ["a"] };
  driftTurned.publish({ ...turned, state: "drifts" });
  answersCompared.publish({
    ...compared,
    agreement: undefined,
    scoreDifference: undefined,
    code: "backend_failed",
  });
  expect((await lines()).at(-1)).toBe(`tradewind_backend_drifts{model="${model}",backend="b"} 1`);
  driftTurned.publish({ ...turned, state: "agrees" });
  expect((await lines()).at(-1)).toBe(`tradewind_backend_drifts{model="${model}",backend="b"} 0`);
  driftTurned.publish({ ...turned, state: "unknown" });
  expect(await lines()).toHaveLength(2);
});

test("there is a line of the log for each turn, loud where a backend begins to drift", () => {
  const written: { readonly level: string; readonly backend?: string; readonly msg: string }[] = [];
  const log = createLog({
    name: "test",
    level: "info",
    destination: { write: (line: string) => void written.push(JSON.parse(line)) },
  });
  using _ = tellDrift(log);
  const turned = { model, backend: "b", blamed: true, against: ["a"] };
  for (const state of ["drifts", "agrees", "unknown"] as const) driftTurned.publish({ ...turned, state });
  expect(written.map(({ level, backend, msg }) => [level, backend, msg])).toEqual([
    ["warn", "b", "answers of a backend differ from those of its peers"],
    ["info", "b", "answers of a backend agree with those of its peers"],
  ]);
});
