import { expect, test } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { openDirectory } from "#gateway/fleet/directory.ts";
import type { Backend } from "#gateway/fleet/snapshot.ts";
import { describedModel, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

test("a backend gets known when it comes up and forgotten when it goes", async () => {
  let up = false;
  await using server = await startFakeBackend({
    describe: (request, response) =>
      json(up ? 200 : 503, up ? describedModel : { error: "no" })(request, response),
  });
  await using client = createOpenInferenceClient({ url: server.url });
  const backend: Backend = { id: "a", url: server.url, client, usdPerRequest: 0 };
  const fleet = { routes: new Map([["digits-s", { model: "digits-s", sloMs: 100, groups: [[backend]] }]]) };
  const clock = createFakeClock();
  await using directory = await openDirectory({ fleet, clock, askAgainMs: 1_000 });

  expect(directory.find(backend, "digits-s")).toBeUndefined();
  expect(directory.complete()).toBe(false);
  up = true;
  await expect
    .poll(() => {
      clock.advance(1_000);
      return directory.find(backend, "digits-s")?.version;
    })
    .toBe("2");
  expect(directory.complete()).toBe(true);
  up = false;
  await expect
    .poll(() => {
      clock.advance(1_000);
      return directory.complete();
    })
    .toBe(false);
});
