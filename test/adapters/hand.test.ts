import { expect, test } from "vitest";
import { dryHand, liveHand, type ProviderCall } from "#adapters/hand.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";

const call: ProviderCall = { action: "clouds:Grow", request: { count: 2 } };

test("a live hand says what it does, does it, and gives back what came of it", async () => {
  const told: ProviderCall[] = [];
  const signal = AbortSignal.timeout(10_000);
  const options = { tell: (one: ProviderCall) => told.push(one), signal };
  const hand = liveHand({ clock: systemClock, chance: systemChance }, options);
  const answer = await hand.change(call, async () => told.length, 0);
  expect([answer, told, hand.isDry]).toEqual([1, [call], false]);
});

test("a dry hand says what it would do and answers with what stands for it", async () => {
  const told: ProviderCall[] = [];
  const hand = dryHand((one) => told.push(one));
  const never = async (): Promise<string> => {
    throw new Error("it was done");
  };
  expect(await hand.change(call, never, "instead")).toBe("instead");
  expect([told, hand.isDry]).toEqual([[call], true]);
});
