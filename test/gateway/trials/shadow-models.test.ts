import { expect, test } from "vitest";
import { createShadowModels } from "#gateway/trials/shadow-models.ts";
import { type SkippedEvent, sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { toldBackend } from "#test/support/trial-world.ts";

const signal = new AbortController().signal;
const aMoment = () => new Promise(setImmediate);

test("what a shadow says of a model is known a moment after somebody wants it, and asked again when it is old", async () => {
  const shadow = toldBackend("shadow");
  const models = createShadowModels({ signal, askAgainMs: 1_000 });
  expect(models.lastHeard(shadow, "m")).toBe(undefined);
  expect(models.find(shadow, "m", 0)).toBe(undefined);
  await aMoment();
  expect(models.find(shadow, "m", 500)).toMatchObject({ version: "1" });
  shadow.version = "2";
  expect(models.find(shadow, "m", 1_000)).toMatchObject({ version: "1" });
  await aMoment();
  expect(models.lastHeard(shadow, "m")).toMatchObject({ version: "2" });
});

test("a shadow that does not say what it has gets nothing, and is asked again later", async () => {
  const told = toldBackend("shadow");
  let isAway = true;
  const describe: typeof told.client.describe = async (...asked) => {
    if (isAway) throw new TradewindError("backend_unreachable", "away");
    return await told.client.describe(...asked);
  };
  const shadow = { ...told, client: { ...told.client, describe } };
  const skipped: SkippedEvent[] = [];
  const stop = sideConcernSkipped.subscribe((event) => void skipped.push(event));
  const models = createShadowModels({ signal, askAgainMs: 1_000 });
  models.find(shadow, "m", 0);
  await aMoment();
  stop();
  expect(skipped).toMatchObject([{ what: "describing a model", detail: "m at shadow" }]);
  isAway = false;
  expect(models.find(shadow, "m", 999)).toBe(undefined);
  await aMoment();
  expect(models.lastHeard(shadow, "m")).toBe(undefined);
  models.find(shadow, "m", 1_000);
  await aMoment();
  expect(models.lastHeard(shadow, "m")).toMatchObject({ version: "1" });
});
