import { Hono } from "hono";
import { requestBeginner } from "#edge/answer/begin-request.ts";
import { createUnwanted } from "#edge/answer/finish-one.ts";
import type { Forwarder } from "#edge/answer/forward.ts";
import { createLocalApi } from "#edge/answer/local-api.ts";
import { type LocalImages, type LocalLimits, usualLimits, usualSloMs } from "#edge/answer/local-ask.ts";
import { createRunningModels } from "#edge/answer/running-models.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import { knownHost } from "#infra/runtime/known-host.ts";
import { createFakeModels } from "./fake-open-model.ts";
import { tinyJpeg } from "./gateway-app.ts";

export type FakeApiOptions = {
  readonly expected?: readonly string[];
  readonly limits?: Partial<LocalLimits>;
  readonly forwarder?: Forwarder;
  readonly beside?: Hono;
};

const picture = await tinyJpeg();

/** The device's API over a model `digits` that sees what a test says, without sockets. */
export async function openFakeApi({ expected = [], limits: given, forwarder, beside }: FakeApiOptions = {}) {
  const fake = createFakeModels();
  const running = createRunningModels({ workers: 1, clock: systemClock, open: fake.open });
  const { signal } = new AbortController();
  const file = { name: "digits", version: "1", path: "x.onnx", release: 1, sha256: "1" };
  await running.turnTo(file, { signal });
  const state = { ready: true };
  const limits = { ...usualLimits, ...given };
  const failures: string[] = [];
  const images: LocalImages = {
    ...{ running, limits, forwarder, sloMs: usualSloMs, clock: systemClock, expected: () => expected },
    unwanted: createUnwanted(),
    inFlight: createInFlight({ most: limits.inFlight, mostBytes: limits.bodiesInHand }),
    telemetry: { succeeded: () => {}, failed: ({ code }) => void failures.push(code) },
  };
  const backend = new Hono().all("*", (c) => c.json({ backend: c.req.path }));
  const begin = requestBeginner(systemClock, systemChance);
  const isKnownHost = knownHost(["edge-1.plant.example"]);
  const app = createLocalApi({ images, begin, ready: () => state.ready, backend, beside, isKnownHost });
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await app.request(path, init);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>,
    };
  };
  const detect = (query = "", init: RequestInit = {}) =>
    ask(`/v1/models/digits/detect${query}`, { method: "POST", body: new Uint8Array(picture), ...init });
  return { fake, running, state, ask, detect, failures };
}
