import { expect, test } from "vitest";
import { openTrialWorld, routeOf, toldBackend } from "#test/support/trial-world.ts";

const terms = { billing: "request", usdPerRequest: 0.01 } as const;

/** How often a shadow is asked what it has, where copies to it may cost so much an hour. */
async function questionsAt(usdPerHour: number): Promise<number> {
  let questions = 0;
  const told = toldBackend("shadow", { terms });
  const { client } = told;
  const describe: typeof client.describe = async (...asked) => {
    questions += 1;
    return await client.describe(...asked);
  };
  const shadow = Object.assign(told, { client: { ...client, describe } });
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour } };
  const route = routeOf(`asked-at-${usdPerHour}`, [toldBackend("old")], rules, [shadow]);
  await using world = openTrialWorld([route]);
  world.answer(route);
  for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
  return questions;
}

test("a shadow that has had its money is not even asked what it has, since that may keep it awake", async () => {
  expect([await questionsAt(0.02), await questionsAt(0.005)]).toEqual([1, 0]);
});
