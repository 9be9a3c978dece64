import { expect, test } from "vitest";
import type { TrialReport } from "#gateway/trials/report-trials.ts";
import type { Place } from "#gateway/trials/shift-shares.ts";
import { refuseUnproven } from "#infra/command/trials/may-shift.ts";
import { readShiftAsk } from "#infra/command/trials/shift-ask.ts";
import { showTrials } from "#infra/command/trials/show-trials.ts";

test("a shift is read from its words, with what stands in the history", () => {
  const ask = readShiftAsk(["digits-s", "new", "10%", "--force"]);
  expect(ask).toMatchObject({ model: "digits-s", provider: "new", share: 0.1, isForced: true });
  expect(ask.note).toBe("shift digits-s new 10% --force");
  expect(readShiftAsk(["m", "p", "0%"])).toMatchObject({ share: 0, isForced: false, url: undefined });
});

test.each([
  [["m", "p"], /expected: tradewind shift MODEL PROVIDER/],
  [["m", "p", "1%", "2%"], /expected: tradewind shift MODEL PROVIDER/],
  [["m", "p", "1%", "--key", "k"], /expected: tradewind shift MODEL PROVIDER/],
  [["m", "p", "101%"], /SHARE: expected one from 0% to 100%/],
  [["m", "p", "-1%"], /./],
  [["m", "p", "1"], /SHARE/],
])("a shift asked for as %j is refused", (args, words) => {
  expect(() => readShiftAsk(args)).toThrow(words);
});

function trialOf(verdict: "advance" | "hold" | "roll back", model = "m"): TrialReport {
  const row = {
    ...{
      backend: "new",
      agreement: 0.95,
      p50Ms: 12,
      p99Ms: 30,
      usdPerMillion: 1.5,
      errors: 0.01,
      samples: 900,
    },
  };
  const candidate = {
    kind: "canary",
    provider: "new",
    share: 0.1,
    row,
    verdict,
    why: "so it is",
    confidence: 0.95,
  } as const;
  return { model, incumbents: [{ ...row, backend: "old" }], candidates: [candidate], drifting: [] };
}

const canary: Place = { kind: "canary", share: 0.1 };
const may =
  (share: number, from: Place, trials: readonly TrialReport[], models = ["m"]) =>
  () =>
    refuseUnproven({ provider: "new", share }, { from, models }, trials);

test("more is given only where everything speaks for it, of each model of the route", () => {
  expect(may(1, canary, [trialOf("advance")])).not.toThrow();
  expect(may(1, canary, [trialOf("hold")])).toThrow(/m: hold, since so it is/);
  expect(may(1, { kind: "shadow" }, [trialOf("roll back")])).toThrow(/m: roll back/);
  expect(may(1, canary, [trialOf("advance"), trialOf("hold", "n")], ["m", "n"])).toThrow(/^n: hold/);
});

test("less is given whatever was measured, and as much as before too", () => {
  for (const share of [0, 0.01, 0.1]) expect(may(share, canary, [trialOf("roll back")])).not.toThrow();
});

test("who was never tried begins with one in a hundred", () => {
  expect(may(0.01, { kind: "nowhere" }, [])).not.toThrow();
  expect(may(0.1, { kind: "nowhere" }, [])).toThrow(/nothing is known of "new" yet/);
});

test("who gives no facts of a candidate gives nothing to go on by", () => {
  expect(may(1, canary, [])).toThrow(/m: nothing is known of "new" yet/);
});

test("trials are shown as a table of each model, with what may be done and who drifts", () => {
  const trial = {
    ...trialOf("hold"),
    drifting: [{ backend: "old/1", isBarred: true, why: "it \u001b[31mdiffers" }],
  };
  const shown = showTrials({ isShared: true, trials: [trial] }).split("\n");
  expect(shown[0]).toBe("m");
  expect(shown[1]).toMatch(/^backend +agreement +p50/);
  expect(shown[2]).toMatch(/^old +0\.950/);
  expect(shown.at(-2)).toBe("new, canary with 10%: hold (so it is)");
  expect(shown.at(-1)).toBe("old/1 drifts and is taken out of choice: it ?[31mdiffers");
  expect(showTrials({ isShared: true, trials: [] })).toMatch(/nothing is compared/);
  expect(showTrials({ isShared: false, trials: [trial] })).toMatch(/^of this gateway alone/);
});
