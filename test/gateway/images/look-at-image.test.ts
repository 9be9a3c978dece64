import { expect, test } from "vitest";
import type { OpenInferenceClient } from "#adapters/open-inference.ts";
import { cacheKey } from "#gateway/cache/cache-key.ts";
import { MemoryTier } from "#gateway/cache/memory-tier.ts";
import { createResultCache } from "#gateway/cache/result-cache.ts";
import { createFlights } from "#gateway/cache/single-flight.ts";
import type { Backend } from "#gateway/fleet/snapshot.ts";
import type { Look } from "#gateway/images/look.ts";
import { lookAtImage } from "#gateway/images/look-at-image.ts";
import type { Seen } from "#gateway/images/seen.ts";
import { recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import type { ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { defaultOptions } from "#inference/image-api/read-options.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { caller } from "#test/support/callers.ts";
import { backendAt, openDispatcher, routeOver } from "#test/support/routes.ts";

const model = (version: string): ModelInfo => ({
  name: "m",
  version,
  task: "detect",
  names: ["a"],
  precision: "fp32",
  input: { width: 320, height: 320 },
});

const empty: ImageAnswer = {
  image: { width: 9, height: 9 },
  detections: [],
  timings: { queue: 0, preprocess: 0, inference: 0, postprocess: 0 },
};

function backendThat(id: string, detect: () => Promise<ImageAnswer>) {
  const client: OpenInferenceClient = {
    detect,
    describe: () => Promise.reject(new Error("not asked")),
    pass: () => Promise.reject(new Error("not asked")),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  return backendAt({ id, url: `http://${id}`, client });
}

const keyFor = ({ version, precision }: ModelInfo) =>
  cacheKey({ tenant: "a", model: "m", version, answerClass: precision, parameters: "p", digest: "d" });

function openLooks() {
  const softState = createSoftStateInProcess();
  const memory = new MemoryTier({ clock });
  const cache = createResultCache({ softState, memory, clock, chance: systemChance, claimMs: 30_000 });
  const flights = createFlights<Seen>();
  const look = (able: readonly { readonly backend: Backend; readonly model: ModelInfo }[]) => {
    const route = routeOver(
      able.map(({ backend }) => [backend]),
      { model: "m" },
    );
    const models = able.map((one) => one.model);
    const rules = {
      ...route.rules,
      cache: { ttl: 1_000, stale: 0, digest: "bytes" as const, equivalent: [] },
    };
    const asked: Look = {
      ask: {
        requestId: "r",
        caller: caller(),
        note: () => {},
        trace: {
          traceId: "1".repeat(32),
          spanId: "1".repeat(16),
          parentSpanId: undefined,
          sampled: false,
          random: true,
          tracestate: undefined,
        },
      },
      route: { ...route, rules },
      able: { models, expected: models[0] },
      receivedAt: clock.elapsed(),
      image: {
        type: "jpeg",
        pieces: [new Uint8Array(1)],
        byteLength: 1,
        size: { width: 9, height: 9 },
        orientation: 1,
        digest: "d",
        mostPixels: 81,
      },
      options: defaultOptions,
      number: 0,
      keyFor,
      missed: { key: keyFor(model("1")), claimed: true, shared: true, accept: () => true },
      spending: { nanoUsd: 0 },
      signal: new AbortController().signal,
    };
    const ledger = { record: recordPursuit };
    return lookAtImage(asked, { cache, flights, dispatcher: openDispatcher(), ledger });
  };
  return { look, flights };
}

test("who pinned a version never gets what another version answered to whom it flew along with", async () => {
  const { look } = openLooks();
  const fail = Promise.withResolvers<ImageAnswer>();
  let tries = 0;
  const first = backendThat("x", () => {
    tries += 1;
    return tries === 1 ? fail.promise : Promise.resolve(empty);
  });
  const second = backendThat("y", () => Promise.resolve(empty));
  const [x, y] = [
    { backend: first, model: model("1") },
    { backend: second, model: model("2") },
  ];
  const unpinned = look([x, y]);
  const pinned = look([x]);
  fail.reject(new TradewindError("backend_full", "full"));
  expect((await unpinned).answer.version).toBe("2");
  expect((await pinned).answer.version).toBe("1");
});
