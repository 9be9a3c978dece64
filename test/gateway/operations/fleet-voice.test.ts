import { expect, test } from "vitest";
import { createVoice } from "#gateway/operations/fleet-voice.ts";
import type { FleetPlan } from "#gateway/operations/plan-now.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function listen({ isJson = false }: { readonly isJson?: boolean } = {}) {
  const [lines, logged]: [string[], string[]] = [[], []];
  const clock = createFakeClock();
  const log = createLog({ name: "test", destination: { write: (line: string) => void logged.push(line) } });
  const voice = createVoice({
    ...{ isJson, log, clock },
    write: (line) => void lines.push(line),
    readLeader: async () => "box 7",
  });
  return { voice, lines, logged, clock };
}

const plan = (note: string): FleetPlan => ({ groups: [], notes: [note] });

test("a plan is said when it is another one, and again after the lead was lost", () => {
  const { voice, lines } = listen();
  for (const note of ["a", "a", "b", "b"]) voice.planned(plan(note));
  expect(lines).toEqual(["a", "b"]);
  voice.turned("lost");
  voice.planned(plan("b"));
  expect(lines).toEqual(["a", "b", "b"]);
});

test("a trouble is logged once, and again when it still is one after a while", () => {
  const { voice, logged, clock } = listen();
  const trouble = (message: string) => voice.troubled("near", new TradewindError("provider_quota", message));
  for (const message of ["no more", "no more", "other", "other"]) trouble(message);
  expect(logged).toHaveLength(2);
  clock.advance(300_000);
  trouble("other");
  expect(logged).toHaveLength(3);
});

test("whoever follows says whom, once, and whoever leads says so", async () => {
  const { voice, lines } = listen();
  voice.turned("following");
  voice.turned("following");
  await expect.poll(() => lines).toEqual(["follows box 7"]);
  voice.turned("leading");
  expect(lines).toEqual(["follows box 7", "leads"]);
});

test("as JSON each line is one object, and a call's secrets are in no log", () => {
  const { voice, lines, logged } = listen({ isJson: true });
  voice.planned(plan("a"));
  voice.applied({ provider: "near", wanted: { count: 2 }, error: undefined });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { plan: { groups: [], notes: ["a"] } },
    { scaled: "near", wanted: { count: 2 } },
  ]);
  voice.called("near", { action: "x:Do", request: { env: [{ name: "A", value: "hush" }] } });
  expect(logged.join("")).toMatch(/x:Do/);
  expect(logged.join("")).not.toMatch(/hush/);
});
