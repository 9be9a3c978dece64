import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "#test/support/free-port.ts";
import {
  type GatewayProcess,
  keysYaml,
  makeFileKey,
  picture,
  startGateway,
} from "#test/support/gateway-process.ts";
import {
  type ProgrammableBackend,
  startProgrammableBackends,
} from "#test/support/programmable-backend/launch.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

/** Each of these models has one backend of its own that is asked first, and all have a spare one. */
const models = ["broken", "paid", "narrow"] as const;
type Model = (typeof models)[number];

const terms: Record<Model, object> = {
  broken: {},
  paid: { usdPerRequest: 0.01, budget: { usdPerDay: 0.4 } },
  narrow: { concurrency: 8 },
};

const key = makeFileKey({ scopes: ["infer", "metrics"] });
const answerMs = 250;
const prior = { base: `${answerMs}ms`, perInFlight: "1ms" };
const patiently = { timeout: 40_000, interval: 50 };
const slowly = 120_000;

let port: number;
let redis: RedisServer;
let client: Redis;
let backends: Record<Model, ProgrammableBackend>;
let gateways: GatewayProcess[];
let open: () => Promise<GatewayProcess>;
let image: Buffer;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  port = await freePort();
  redis = await startRedisServer({ port });
  stack.defer(() => redis.close());
  client = new Redis({ port, host: "127.0.0.1", retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => undefined);
  stack.defer(() => client.disconnect());
  const started = await startProgrammableBackends(4);
  for (const backend of started) {
    stack.use(backend);
    await backend.behave({ latency: { law: "constant", ms: answerMs } });
  }
  const [broken, paid, narrow, spare] = started as [
    ProgrammableBackend,
    ProgrammableBackend,
    ProgrammableBackend,
    ProgrammableBackend,
  ];
  backends = { broken, paid, narrow };
  const config = configOver({ ...backends, spare });
  const env = { REDIS_URL: `redis://127.0.0.1:${port}` };
  open = () => startGateway({ backend: spare.url, config, keys: keysYaml([key]), env });
  gateways = await Promise.all([open(), open(), open(), open()]);
  for (const gateway of gateways) stack.use(gateway);
  image = await picture(7);
}, slowly);
afterAll(() => stack.disposeAsync());

function configOver(all: Record<Model | "spare", ProgrammableBackend>): Record<string, unknown> {
  const provider = (name: Model | "spare") => {
    const declared = name === "spare" ? {} : terms[name];
    return [name, { kind: "static", urls: [all[name].url], prior, ...declared }];
  };
  return {
    gateways: 4,
    models: Object.fromEntries(models.map((model) => [model, { source: "x" }])),
    providers: Object.fromEntries([...models, "spare" as const].map(provider)),
    routes: models.map((model) => ({
      models: [model],
      failover: [[model], ["spare"]],
      ...{ slo: "10s", hedge: "off", cache: "off" },
    })),
  };
}

type Words = { readonly head: { readonly id: string; readonly turn: number } };

/** What gateways tell each other at this moment. */
async function told(): Promise<Words[]> {
  const names = await client.keys("tw:dispatch:told:*");
  const values = names.length === 0 ? [] : await client.mget(names);
  return values.flatMap((value): Words[] => (value === null ? [] : [JSON.parse(value)]));
}

/** Until each of so many has told and listened twice from now on. */
async function heardAll(count: number): Promise<void> {
  const turns = async () => new Map((await told()).map(({ head: { id, turn } }) => [id, turn]));
  await expect.poll(async () => (await turns()).size, patiently).toBe(count);
  const before = await turns();
  const listened = async (): Promise<number> =>
    [...(await turns())].filter(([id, turn]) => turn >= (before.get(id) ?? turn) + 2).length;
  await expect.poll(listened, patiently).toBe(count);
}

const detect = async (model: Model, gateway: GatewayProcess): Promise<number> =>
  (await gateway.ask(`/v1/models/${model}/detect`, { key: key.text, body: image })).status;

/** So many at once of each of some gateways; all must be answered, by whomever. */
async function burst(model: Model, among: readonly GatewayProcess[], each: number): Promise<void> {
  const asked = among.flatMap((gateway) => Array.from({ length: each }, () => detect(model, gateway)));
  expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
}

/** The same many again and again, until it is stopped; answers the statuses. */
function openFlow(model: Model, each: number) {
  const statuses: number[] = [];
  let isOpen = true;
  const flow = async (gateway: GatewayProcess): Promise<void> => {
    while (isOpen) statuses.push(await detect(model, gateway));
  };
  const flows = gateways.flatMap((gateway) => Array.from({ length: each }, () => flow(gateway)));
  const stop = async (): Promise<void> => {
    isOpen = false;
    await Promise.all(flows);
  };
  return { statuses, stop };
}

test("a backend that one of four gateways ejects is asked one at a time by the other three", {
  timeout: slowly,
}, async () => {
  await heardAll(4);
  const [one, ...others] = gateways as [GatewayProcess, ...GatewayProcess[]];
  const { broken } = backends;
  // The spare one must be known too, or those that nobody else takes are sent to the broken one all the same.
  await broken.behave({ refuses: { status: 429, retryAfterS: 1, share: 1 } });
  for (let n = 0; n < 3; n += 1) await burst("broken", gateways, 1);
  await broken.behave({ latency: { law: "constant", ms: answerMs } });
  await heardAll(4);
  for (let n = 0; n < 3; n += 1) await burst("broken", gateways, 1);
  await broken.forget();
  await burst("broken", others, 8);
  expect((await broken.counters()).maxInFlight).toBeGreaterThan(12);
  await broken.behave({ refuses: { status: 500, share: 1 } });
  for (let n = 0; n < 6; n += 1) await burst("broken", [one], 1);
  await broken.behave({ latency: { law: "constant", ms: 1_000 } });
  await heardAll(4);
  await broken.forget();
  await burst("broken", others, 8);
  const { maxInFlight, requests } = await broken.counters();
  expect(maxInFlight).toBeLessThanOrEqual(3);
  expect(requests).toBeGreaterThan(0);
});

test("a day's budget holds over four gateways, and for one that starts when it is used up", {
  timeout: slowly,
}, async () => {
  const { paid } = backends;
  for (let round = 0; round < 25; round += 1) await burst("paid", gateways, 2);
  await heardAll(4);
  const { requests } = await paid.counters();
  // 40 at most, and what they could not know of each other within a turn.
  expect(requests).toBeGreaterThan(20);
  expect(requests).toBeLessThanOrEqual(50);
  for (let round = 0; round < 3; round += 1) {
    await burst("paid", gateways, 3);
    await heardAll(4);
  }
  const spent = (await paid.counters()).requests;
  await using fifth = await open();
  await heardAll(5);
  await burst("paid", [fifth], 8);
  // Alone it would have a fifth of the budget, which is eight of them.
  expect((await paid.counters()).requests - spent).toBeLessThanOrEqual(3);
  expect((await paid.counters()).requests).toBeLessThanOrEqual(50);
});

test("four gateways together keep about to the number of requests that a backend takes at once", {
  timeout: slowly,
}, async () => {
  const flow = openFlow("narrow", 8);
  await heardAll(4);
  await backends.narrow.forget();
  await heardAll(4);
  await heardAll(4);
  const { maxInFlight, requests } = await backends.narrow.counters();
  await flow.stop();
  expect(maxInFlight).toBeLessThan(24);
  expect(maxInFlight).toBeGreaterThan(3);
  expect(requests).toBeGreaterThan(20);
  expect(new Set(flow.statuses)).toEqual(new Set([200]));
});

test("four gateways whose Redis dies go on without it, and know together again when it is back", {
  timeout: slowly,
}, async () => {
  await expect.poll(async () => (await told()).length, patiently).toBe(4);
  const flow = openFlow("narrow", 8);
  await redis.kill();
  const skipped = 'tradewind_side_concerns_skipped_total{what="sharing what is known of backends"}';
  const skips = async () => await Promise.all(gateways.map((one) => one.counted(skipped, key.text)));
  await expect.poll(async () => Math.min(...(await skips())), patiently).toBeGreaterThan(5);
  await backends.narrow.forget();
  const before = flow.statuses.length;
  await expect.poll(() => flow.statuses.length - before, patiently).toBeGreaterThan(150);
  // Without word of the others each takes them to be like itself.
  expect((await backends.narrow.counters()).maxInFlight).toBeLessThan(24);
  redis = await startRedisServer({ port });
  await heardAll(4);
  await flow.stop();
  expect(new Set(flow.statuses)).toEqual(new Set([200]));
});
