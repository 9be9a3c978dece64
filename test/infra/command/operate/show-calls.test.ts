import { expect, test } from "vitest";
import { callAsJson, callInWords, rehearse } from "#infra/command/operate/show-calls.ts";

test("a rehearsal writes each call down, makes none, and answers as it was told to", async () => {
  const { hand, calls } = rehearse();
  let isMade = false;
  const make = async (): Promise<string> => {
    isMade = true;
    return "made";
  };
  const call = { action: "ecs:UpdateService", request: { desiredCount: 2 } };
  expect(await hand("a").change(call, make, "instead")).toBe("instead");
  expect([isMade, hand("a").isDry]).toEqual([false, true]);
  expect(calls).toEqual([{ provider: "a", ...call }]);
});

test("a call is told exactly as it would be sent, also what JSON has no word for", () => {
  const request = { count: 12n, text: "two\nlines" };
  expect(callInWords({ provider: "a", action: "x:Y", request })).toBe(
    'a: x:Y {"count":"12","text":"two\\nlines"}',
  );
  expect(callAsJson(undefined)).toBe("null");
});
