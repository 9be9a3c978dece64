import { expect, test } from "vitest";
import { openRemoteEngine } from "#inference/engine/remote.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { startFakeTensorServer } from "#test/support/fake-tensor-server.ts";
import { failure, images, openColours, output0, soon } from "./open-colours.ts";

const { signal } = new AbortController();

test("is ready as long as the upstream says so, and again when it says so again", async () => {
  const clock = createFakeClock();
  await using setup = await openColours({ clock, probeEveryMs: 1_000 });
  const probes = () => setup.upstream.paths.filter((path) => path.endsWith("/ready")).length;
  const nextProbe = async (): Promise<void> => {
    const before = probes();
    await soon(() => {
      clock.advance(1_000);
      expect(probes()).toBeGreaterThan(before);
    });
  };
  setup.upstream.ready = false;
  await nextProbe();
  expect(setup.engine.ready).toBe(true);
  await nextProbe();
  await soon(() => expect(setup.engine.ready).toBe(false));
  setup.upstream.ready = true;
  await nextProbe();
  await soon(() => expect(setup.engine.ready).toBe(true));
});

test("an upstream that goes down makes the engine unready, and one that comes back makes it work by itself", async () => {
  const upstream = await startFakeTensorServer();
  const { url } = upstream;
  const options = { url, model: "colours", version: "2", outputs: [output0], workers: 1 };
  await using engine = await openRemoteEngine({ ...options, clock: systemClock, probeEveryMs: 5 });
  await upstream[Symbol.asyncDispose]();
  await soon(() => expect(engine.ready).toBe(false));
  const run = failure(engine.run(images([1, 0, 0]), { signal }));
  expect(await run).toMatchObject({
    code: "backend_unreachable",
    message: "the upstream server cannot be reached",
  });
  await using _ = await startFakeTensorServer({ port: Number(new URL(url).port) });
  await soon(() => expect(engine.ready).toBe(true));
  expect(await engine.run(images([1, 0, 0]), { signal })).toMatchObject({ batch: 1 });
});
