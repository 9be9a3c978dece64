import { expect, test } from "vitest";
import type { SetOperation } from "#infra/runtime/soft-state/soft-state.ts";
import { openSharingWorld, type SharingGateway } from "#test/support/sharing-gateways.ts";

test("of more gateways than can be listened to each hears some, and takes the others to be like them", async () => {
  const world = openSharingWorld();
  world.state.count = 40;
  const gateways = await Promise.all(Array.from({ length: 40 }, () => world.join()));
  for (const gateway of gateways) gateway.at("a").inFlight = 2;
  await world.pass(4_500);
  const [one] = gateways as [SharingGateway];
  expect(one.shared.tellers()).toBeGreaterThan(15);
  expect(one.shared.tellers()).toBeLessThan(40);
  expect(Math.max(...one.calls.map((call) => call.length))).toBeLessThanOrEqual(128);
  expect(one.at("a").load(world.clock.now())).toBeGreaterThan(75);
  expect(one.at("a").load(world.clock.now())).toBeLessThan(90);
});

test("a gateway that finds another on its seat takes a free one", async () => {
  const world = openSharingWorld();
  const one = await world.join();
  await world.pass(2_000);
  const seat = lastTold(one);
  const stranger = seat.value.toString().replace(/"id":"[^"]*"/, '"id":"stranger"');
  for (let n = 0; n < 6; n += 1) {
    await world.softState.apply([{ ...seat, value: stranger }]);
    await world.pass(500);
  }
  expect(lastTold(one).key).not.toBe(seat.key);
});

function lastTold({ calls }: SharingGateway): SetOperation {
  const found = calls.flat().findLast((operation) => operation.kind === "set");
  if (!found) throw new Error("it told nothing");
  return found;
}
