import { expect, test } from "vitest";
import { openProviders, providerSchema } from "#adapters/registry.ts";
import { tryService } from "#infra/command/init/try-service.ts";
import { describedModel, inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

type Statuses = { readonly index?: number; readonly describe?: number; readonly infer?: number };

/** What comes of trying a server that answers each kind of question with a status of its own. */
async function trying({ index = 200, describe = 200, infer = 200 }: Statuses, model?: string) {
  await using backend = await startFakeBackend({
    describe: json(describe, describe === 200 ? describedModel : {}),
    infer: (request, response) =>
      request.url === "/v2/repository/index"
        ? json(index, [{ name: "digits-s", state: "READY" }])(request, response)
        : json(infer, infer === 200 ? inferAnswer : {})(request, response),
  });
  const settings = providerSchema.parse({ kind: "static", urls: [backend.url] });
  const providers = await openProviders({ one: settings });
  await using provider = providers.get("one");
  if (!provider) throw new Error("it was not opened");
  const image = Buffer.from("an image");
  return await tryService(provider, {
    ...{ image, model, clock: createFakeClock(), signal: AbortSignal.timeout(5_000) },
  });
}

test("a service that answers is told with the model that was asked", async () => {
  expect(await trying({})).toMatchObject({ models: ["digits-s"], times: { model: "digits-s" } });
});

test.each<[Statuses, string | undefined, number]>([
  [{ index: 401, describe: 401, infer: 401 }, undefined, 401],
  [{ index: 403, describe: 403, infer: 403 }, undefined, 403],
  [{ index: 404, describe: 401 }, "digits-s", 401],
  [{ describe: 403 }, undefined, 403],
  [{ infer: 401 }, undefined, 401],
])("a service with %j, asked for %s, wants credentials, by its %i", async (statuses, model, status) => {
  const { times, trouble, refusedWith } = await trying(statuses, model);
  expect({ times, trouble, refusedWith }).toEqual({
    times: undefined,
    trouble: `it answers ${status}: it wants credentials that init does not have (sign or auth)`,
    refusedWith: status,
  });
});

test("a service whose index is locked is tried with the model that is named", async () => {
  expect(await trying({ index: 403 }, "digits-s")).toMatchObject({
    models: [],
    times: { model: "digits-s" },
  });
});

test.each<[Statuses, string]>([
  [{ index: 404 }, "it has no model that takes images"],
  [{ describe: 404 }, "it has no model that takes images"],
  [{ infer: 500 }, "the backend failed with status 500"],
])("a service with %j is told with what it lacks", async (statuses, why) => {
  const { trouble, refusedWith } = await trying(statuses);
  expect([trouble, refusedWith]).toEqual([why, undefined]);
});
