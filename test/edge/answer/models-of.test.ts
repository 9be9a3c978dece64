import { expect, test } from "vitest";
import { modelsOf } from "#edge/answer/models-of.ts";
import { openFakeApi } from "#test/support/fake-local-api.ts";

test("the running models are the protocol's models, each in one version", async () => {
  const { running } = await openFakeApi();
  const models = modelsOf(running);
  expect(models.ready).toBe(true);
  expect(models.versions("digits")).toEqual(["1"]);
  expect(models.versions("cats")).toEqual([]);
  expect(models.serving).toMatchObject([{ name: "digits", version: "1" }]);
  expect(await models.index()).toEqual([{ name: "digits", version: "1", state: "READY", reason: undefined }]);
  using lease = models.lease("digits", "1");
  expect(lease).toMatchObject({ version: "1", loaded: { name: "digits" } });
});

test("what does not run cannot be leased, and a version that does not run holds nothing", async () => {
  const { running } = await openFakeApi();
  const models = modelsOf(running);
  expect(() => models.lease("cats")).toThrow(expect.objectContaining({ code: "model_unknown" }));
  expect(() => models.lease("digits", "9")).toThrow(expect.objectContaining({ code: "model_unknown" }));
  // Would wait for ever for a lease that was not given back.
  await running.drop("digits");
  expect(models.ready).toBe(false);
});

test("what runs on the device is not for its callers to load or unload", async () => {
  const { running } = await openFakeApi();
  const models = modelsOf(running);
  for (const refused of [models.load("digits"), models.unload("digits")])
    await expect(refused).rejects.toMatchObject({ code: "request_malformed" });
});
