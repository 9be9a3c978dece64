import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "#test/support/free-port.ts";
import {
  type GatewayProcess,
  keysYaml,
  makeFileKey,
  picture,
  type Reply,
  startGateway,
} from "#test/support/gateway-process.ts";
import { type PatientBackend, startPatientBackend } from "#test/support/patient-backend.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";
import { openSlowLine, type SlowLine } from "#test/support/slow-line.ts";

const policies = ["local", "open", "closed"] as const;
const caches = ["cached", "uncached"] as const;
type Policy = (typeof policies)[number];
type Kind = `${Policy}-${(typeof caches)[number]}`;
const kinds = policies.flatMap((policy) => caches.map((cache): Kind => `${policy}-${cache}`));

/** Bounded, so that each request has something to count, but never met. */
const busy = makeFileKey({ scopes: ["infer", "metrics"], limits: [{ requests: 1_000_000, per: "1s" }] });
const few = makeFileKey({ limits: [{ requests: 12, per: "1h" }] });
const keys = keysYaml([busy, few]);

let port: number;
let redis: RedisServer;
let line: SlowLine;
let backend: PatientBackend;
let gateway: GatewayProcess;
beforeAll(async () => {
  port = await freePort();
  redis = await startRedisServer({ port });
  line = await openSlowLine(port);
  backend = await startPatientBackend();
  gateway = await open(`redis://127.0.0.1:${line.port}`);
});
afterAll(async () => {
  for (const part of [gateway, backend, line, redis]) await part?.[Symbol.asyncDispose]();
});

function open(redisUrl: string): Promise<GatewayProcess> {
  const models = Object.fromEntries(kinds.map((kind) => [kind, { source: "x" }]));
  const routes = kinds.map((kind) => ({
    models: [kind],
    failover: [["there"]],
    whenRedisIsAway: kind.split("-")[0],
    cache: kind.endsWith("-cached") ? {} : "off",
  }));
  return startGateway({
    config: { models, routes },
    backend: backend.url,
    keys,
    env: { REDIS_URL: redisUrl },
  });
}

let pictures = 0;
const see = async (kind: Kind, from = gateway, key = busy.text): Promise<Reply> =>
  from.ask(`/v1/models/${kind}/detect`, { key, body: await picture(++pictures) });

const admissions = (counted: string): Promise<number> =>
  gateway.counted(`tradewind_admissions_total{counted="${counted}"}`, busy.text);

/** Steady requests to every kind of route, two of each at a time; what each was answered is noted under the present phase. */
function openTraffic() {
  const notes: { readonly kind: Kind; readonly phase: string; readonly reply: Reply | string }[] = [];
  let [phase, isOpen] = ["before", true];
  const flow = async (kind: Kind): Promise<void> => {
    while (isOpen) {
      const during = phase;
      const reply = await see(kind).catch(String);
      // A request that saw two phases belongs to the turn between them.
      notes.push({ kind, phase: phase === during ? during : `into ${phase}`, reply });
    }
  };
  const flows = [...kinds, ...kinds].map(flow);
  const of = (wanted: string, policy?: Policy) =>
    notes.filter((note) => note.phase === wanted && note.kind.startsWith(policy ?? ""));
  return {
    of,
    enter: (next: string): void => {
      phase = next;
    },
    statuses: (wanted: string, policy: Policy): (number | string)[] => [
      ...new Set(of(wanted, policy).map(({ reply }) => (typeof reply === "string" ? reply : reply.status))),
    ],
    ms: (wanted: string): number[] =>
      of(wanted)
        .flatMap(({ reply }) => (typeof reply === "string" ? [] : reply.ms))
        .sort((one, other) => one - other),
    lost: () => notes.filter(({ reply }) => typeof reply === "string"),
    stop: async (): Promise<void> => {
      isOpen = false;
      await Promise.all(flows);
    },
  };
}

/** Answers of the routes that answer nobody uncounted. A busy machine makes even a well Redis late once in a while. */
const counted = (traffic: ReturnType<typeof openTraffic>, phase: string): number =>
  traffic.of(phase, "closed").filter(({ reply }) => typeof reply !== "string" && reply.status === 200).length;

const middle = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

type Fault = { readonly begin: () => Promise<void> | void; readonly end: () => Promise<void> | void };

const faults: Readonly<Record<string, Fault>> = {
  killed: {
    begin: () => redis.kill(),
    end: async () => {
      redis = await startRedisServer({ port });
    },
  },
  "paused by CLIENT PAUSE": {
    begin: () => asClient((client) => client.call("CLIENT", "PAUSE", "5000", "ALL")),
    // Whoever pauses all is paused too, so nobody can end it early.
    end: () => asClient((client) => client.ping()),
  },
  "stopped by SIGSTOP": { begin: () => redis.pause(), end: () => redis.resume() },
  slow: { begin: () => line.delay(200), end: () => line.delay(0) },
};

/** Straight to the server, so that a slow line does not matter. */
async function asClient(work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(port, "127.0.0.1", { enableReadyCheck: false });
  await work(client).finally(() => client.disconnect());
}

test.each(Object.entries(faults))(
  "while Redis is %s each policy answers as it promises, and all is counted again when it is back",
  { timeout: 60_000 },
  async (_, { begin, end }) => {
    const traffic = openTraffic();
    try {
      await expect.poll(() => counted(traffic, "before"), { timeout: 20_000 }).toBeGreaterThan(40);
      traffic.enter("failing");
      await begin();
      const here = await admissions("here");
      await expect.poll(() => admissions("here"), { timeout: 10_000 }).toBeGreaterThan(here + 20);
      traffic.enter("away");
      await expect.poll(() => traffic.of("away").length, { timeout: 20_000 }).toBeGreaterThan(200);
      traffic.enter("coming back");
      await end();
      await untilCounted(gateway);
      traffic.enter("after");
      await expect.poll(() => counted(traffic, "after"), { timeout: 20_000 }).toBeGreaterThan(40);
    } finally {
      await traffic.stop();
    }

    expect(traffic.lost()).toEqual([]);
    for (const phase of ["before", "after"])
      for (const policy of ["local", "open"] as const) expect(traffic.statuses(phase, policy)).toEqual([200]);
    expect(traffic.statuses("away", "local")).toEqual([200]);
    expect(traffic.statuses("away", "open")).toEqual([200]);
    expect(traffic.statuses("away", "closed")).toEqual([503]);
    for (const { reply } of traffic.of("away", "closed")) {
      if (typeof reply === "string") continue;
      expect(reply.json.code).toBe("limits_unavailable");
      expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    // Only a probe waits for Redis, 50 ms at most: the usual request is as quick as ever, and none hangs.
    const [before, away] = [traffic.ms("before"), traffic.ms("away")];
    expect(middle(away)).toBeLessThan(middle(before) + 50);
    expect(away.at(-1)).toBeLessThan((before.at(-1) ?? 0) + 1_000);
  },
);

test("the metric tells requests that were counted everywhere, here and nowhere apart", async () => {
  await untilCounted(gateway);
  const ways = ["everywhere", "here", "nowhere"];
  const before = await Promise.all(ways.map(admissions));
  await see("open-uncached");
  const between = await Promise.all(ways.map(admissions));
  redis.pause();
  try {
    expect((await see("local-uncached")).status).toBe(200);
    expect((await see("open-uncached")).status).toBe(200);
    expect((await see("closed-uncached")).status).toBe(503);
  } finally {
    redis.resume();
  }
  const after = await Promise.all(ways.map(admissions));
  const more = (now: number[], then: number[]) => now.map((count, place) => count - (then[place] ?? 0));
  expect([more(between, before), more(after, between)]).toEqual([
    [1, 0, 0],
    [0, 1, 1],
  ]);
  await untilCounted(gateway);
});

test("the log says when the limits are not shared any more and when they are again", async () => {
  await untilCounted(gateway);
  const modes = (): string[] =>
    [...gateway.said().matchAll(/"mode":"(open|half-open|closed)"/g)].map(([, mode]) => mode ?? "");
  const before = modes().length;
  redis.pause();
  try {
    // The fifth request in a row without an answer of Redis turns the breaker.
    for (let n = 0; n < 6; n += 1) expect((await see("local-uncached")).status).toBe(200);
  } finally {
    redis.resume();
  }
  await untilCounted(gateway);
  await expect
    .poll(() => modes().slice(before), { timeout: 3_000 })
    .toEqual(expect.arrayContaining(["open", "closed"]));
});

test("two gateways without their Redis let in half of a key's limit each", async () => {
  const own = await startRedisServer();
  await using one = await open(own.url);
  await using other = await open(own.url);
  const client = new Redis(own.port, "127.0.0.1");
  try {
    // Each beat of a gateway tells it who else is there: so after two more beats of each, both know.
    const beats = async (): Promise<number> => {
      const info = String(await client.info("commandstats"));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1] ?? 0);
    };
    const began = await beats();
    await expect.poll(beats, { timeout: 15_000 }).toBeGreaterThan(began + 6);
  } finally {
    client.disconnect();
    await own.kill();
  }
  const letIn = async (gateway: GatewayProcess): Promise<number> => {
    const statuses: number[] = [];
    for (let n = 0; n < 15; n += 1) statuses.push((await see("local-uncached", gateway, few.text)).status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    return statuses.filter((status) => status === 200).length;
  };
  expect([await letIn(one), await letIn(other)]).toEqual([6, 6]);
});

/** A route that answers nobody uncounted answers again. */
async function untilCounted(gateway: GatewayProcess): Promise<void> {
  await expect
    .poll(() => see("closed-uncached", gateway).then(({ status }) => status), { timeout: 15_000 })
    .toBe(200);
}
