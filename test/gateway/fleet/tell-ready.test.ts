import { expect, test } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { tellReady } from "#gateway/fleet/tell-ready.ts";
import { backendAt, routeOver } from "#test/support/routes.ts";

test("a backend that rests and answers a question may be tried again, on each of its routes and nobody else with it", async () => {
  await using client = createOpenInferenceClient({ url: "http://127.0.0.1:1" });
  const [one, other] = ["one", "other"].map((id) => backendAt({ id, url: "http://127.0.0.1:1", client }));
  if (!one || !other) throw new Error("there are two");
  const routes = ["a", "b"].map((model) => routeOver([[one, other]], { model }));
  const fleet = { routes: new Map(routes.map((route) => [route.model, route])) };
  const now = 1_000_000;
  const breakers = routes.flatMap(({ pool }) => pool.lanes.map(({ standing }) => standing.breaker));
  for (const breaker of breakers) for (let n = 0; n < 3; n += 1) breaker.failed(now);
  expect(breakers.map((breaker) => breaker.isResting(now))).toEqual([true, true, true, true]);
  // Later than any shortest rest, and long before this one ends by itself.
  const tell = tellReady(fleet, () => now + 1_900);
  tell(backendAt({ id: "stranger", url: "http://127.0.0.1:2", client }));
  tell(one);
  expect(breakers.map((breaker) => breaker.isResting(now + 1_900))).toEqual([false, true, false, true]);
});
