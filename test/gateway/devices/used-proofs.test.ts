import { expect, test } from "vitest";
import { createUsedProofs } from "#gateway/devices/used-proofs.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const proof = { jti: "a-proof-of-some-kind", kid: "k".repeat(43) };

test("a proof is new once over all gateways with one soft state, for longer than it can be good", async () => {
  const clock = createFakeClock();
  await using softState = createSoftStateInProcess({ clock });
  const [here, there] = [
    createUsedProofs({ softState, clock, isShared: true }),
    createUsedProofs({ softState, clock, isShared: true }),
  ];
  expect(await here.note(proof)).toBe("new");
  clock.advance(120_500);
  for (const gateway of [here, there]) expect(await gateway.note(proof)).toBe("used");
  expect(await there.note({ ...proof, kid: "o".repeat(43) })).toBe("new");
  expect(await there.note({ ...proof, jti: "another-proof-of-it" })).toBe("new");
  clock.advance(130_000);
  expect(await here.note(proof)).toBe("new");
});

test("of a soft state that others do not have nobody knows whether a proof is new", async () => {
  const clock = createFakeClock();
  await using softState = createSoftStateInProcess({ clock });
  const used = createUsedProofs({ softState, clock, isShared: false });
  expect([await used.note(proof), await used.note(proof)]).toEqual(["perhaps", "used"]);
});

test("a soft state that is away is told of, and this process still knows what it saw", async () => {
  const skipped: string[] = [];
  using _ = { [Symbol.dispose]: sideConcernSkipped.subscribe(({ what }) => skipped.push(what)) };
  const softState = { apply: () => Promise.reject(new TradewindError("soft_state_unavailable", "away")) };
  const used = createUsedProofs({ softState, clock: createFakeClock(), isShared: true });
  expect([await used.note(proof), await used.note(proof)]).toEqual(["perhaps", "used"]);
  expect(skipped).toEqual(["remembering proofs"]);
});
