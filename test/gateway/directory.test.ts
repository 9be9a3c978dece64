import { once } from "node:events";
import { expect, test, vi } from "vitest";
import {
  createOpenInferenceClient,
  type DescribedModel,
  type OpenInferenceClient,
} from "#adapters/open-inference.ts";
import { openDirectory } from "#gateway/fleet/directory.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { describedModel, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { backendAt, routeOver } from "#test/support/routes.ts";

test("a backend gets known when it comes up and forgotten when it goes", async () => {
  let up = false;
  await using server = await startFakeBackend({
    describe: (request, response) =>
      json(up ? 200 : 503, up ? describedModel : { error: "no" })(request, response),
  });
  await using client = createOpenInferenceClient({ url: server.url });
  const backend = backendAt({ id: "a", url: server.url, client });
  const fleet = { routes: new Map([["digits-s", routeOver([[backend]])]]) };
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

type Described = NonNullable<Parameters<typeof startFakeBackend>[0]>["describe"];

/** A backend that is known, and then answers the questions about its model in another way. */
async function knownThen(change: NonNullable<Described>) {
  const stack = new AsyncDisposableStack();
  let asked = 0;
  const server = stack.use(
    await startFakeBackend({
      describe: (request, response) => {
        asked += 1;
        (asked === 1 ? json(200, describedModel) : change)(request, response);
      },
    }),
  );
  const client = stack.use(createOpenInferenceClient({ url: server.url }));
  const backend = backendAt({ id: "a", url: server.url, client });
  const fleet = { routes: new Map([["digits-s", routeOver([[backend]])]]) };
  const clock = createFakeClock();
  const directory = stack.use(await openDirectory({ fleet, clock, askAgainMs: 1_000 }));
  expect(directory.complete()).toBe(true);
  /** Lets it be asked until it has been `times` times in all, and was heard each time but the last. */
  const askUntil = async (times: number): Promise<void> => {
    await expect
      .poll(() => {
        if (asked < times) clock.advance(1_000);
        return asked;
      })
      .toBe(times);
  };
  return { directory, clock, askUntil, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("two questions without an answer leave a backend in the fleet, and a third takes it out", async () => {
  await using known = await knownThen(json(503, { error: "busy" }));
  await known.askUntil(4);
  await expect.poll(() => known.directory.complete()).toBe(false);
  await using doubted = await knownThen(json(503, { error: "busy" }));
  // The third question is put only after the second was heard.
  await doubted.askUntil(3);
  expect(doubted.directory.complete()).toBe(true);
});

test("a backend that says it has no such model is out of the fleet at once", async () => {
  await using gone = await knownThen(json(404, { error: "no such model" }));
  await gone.askUntil(2);
  await expect.poll(() => gone.directory.complete()).toBe(false);
});

test("a version that a backend has is asked for once, one that it has not is never asked for", async () => {
  const asked: string[] = [];
  await using server = await startFakeBackend({
    describe: (request, response) => {
      asked.push(request.url ?? "");
      const version = request.url?.split("/versions/")[1];
      json(200, version ? { ...describedModel, versions: [version] } : describedModel)(request, response);
    },
  });
  await using client = createOpenInferenceClient({ url: server.url });
  const backend = backendAt({ id: "a", url: server.url, client });
  const fleet = { routes: new Map([["digits-s", routeOver([[backend]])]]) };
  await using directory = await openDirectory({ fleet, clock: createFakeClock() });
  const signal = AbortSignal.timeout(5_000);
  const find = (version: string) => directory.findVersion(backend, "digits-s", version, { signal });
  expect((await find("2"))?.version).toBe("2");
  expect(await find("7")).toBeUndefined();
  expect((await find("1"))?.version).toBe("1");
  expect((await find("1"))?.version).toBe("1");
  expect(asked.filter((path) => path.includes("/versions/"))).toEqual(["/v2/models/digits-s/versions/1"]);
});

test("what was last heard of a model outlives the backend that said it", async () => {
  await using gone = await knownThen(json(404, { error: "no such model" }));
  await gone.askUntil(2);
  await expect.poll(() => gone.directory.complete()).toBe(false);
  expect(gone.directory.lastHeard("digits-s")?.version).toBe("2");
});

test("whoever answers a question is told of, and who does not or sleeps is not", async () => {
  let up = true;
  await using server = await startFakeBackend({
    describe: (request, response) =>
      json(up ? 200 : 503, up ? describedModel : { error: "no" })(request, response),
  });
  await using client = createOpenInferenceClient({ url: server.url });
  const backend = backendAt({ id: "a", url: server.url, client });
  const fleet = { routes: new Map([["digits-s", routeOver([[backend]])]]) };
  const clock = createFakeClock();
  const answered: string[] = [];
  let asleep = false;
  let turns = 0;
  await using _directory = await openDirectory({
    fleet,
    clock,
    isAsleep: () => {
      turns += 1;
      return asleep;
    },
    onAnswered: ({ id }) => answered.push(id),
  });
  const turn = async (): Promise<void> => {
    const before = turns;
    await expect
      .poll(() => {
        if (turns === before) clock.advance(1_000);
        return turns;
      })
      .toBe(before + 1);
  };
  expect(answered).toEqual(["a"]);
  await turn();
  await expect.poll(() => answered).toEqual(["a", "a"]);
  asleep = true;
  await turn();
  await turn();
  expect(answered).toEqual(["a", "a"]);
  [asleep, up] = [false, false];
  await turn();
  await turn();
  expect(answered).toEqual(["a", "a"]);
});

const described: DescribedModel = {
  ...{ name: "digits-s", version: "7", versions: ["7"], task: "detect", precision: "fp32" },
  ...{ names: ["zero"], input: { width: 9, height: 9 } },
};

test("what was known before is believed at once, and enough of one that sleeps", async () => {
  let asked = 0;
  await using server = await startFakeBackend({
    describe: (request, response) => {
      asked += 1;
      json(503, { error: "busy" })(request, response);
    },
  });
  await using client = createOpenInferenceClient({ url: server.url });
  const [awake, sleeping] = ["a", "b"].map((id) => backendAt({ id, url: server.url, client }));
  if (!awake || !sleeping) throw new Error("there are two");
  const fleet = { routes: new Map([["digits-s", routeOver([[awake, sleeping]])]]) };
  await using directory = await openDirectory({
    fleet,
    clock: createFakeClock(),
    isAsleep: ({ id }) => id === "b",
    before: () => described,
  });
  expect(asked).toBe(1);
  expect(directory.find(awake, "digits-s")?.version).toBe("7");
  expect(directory.find(sleeping, "digits-s")?.version).toBe("7");
  expect(directory.lastHeard("digits-s")?.version).toBe("7");
});

test("one that sleeps and never answers is asked ever more seldom, and one that is there as often as before", async () => {
  const asked = { awake: 0, asleep: 0 };
  const clientOf = (name: keyof typeof asked): OpenInferenceClient => ({
    ...createOpenInferenceClient({ url: "http://127.0.0.1:1" }),
    describe: async () => {
      asked[name] += 1;
      throw new TradewindError("model_unknown", "no such model");
    },
  });
  const [awake, sleeping] = [
    backendAt({ id: "awake", url: "http://awake", client: clientOf("awake") }),
    backendAt({ id: "asleep", url: "http://asleep", client: clientOf("asleep") }),
  ];
  const fleet = { routes: new Map([["digits-s", routeOver([[awake, sleeping]])]]) };
  const clock = createFakeClock();
  await using _directory = await openDirectory({ fleet, clock, isAsleep: ({ id }) => id === "asleep" });
  for (let turns = 1; turns <= 400; turns += 1) {
    clock.advance(1_000);
    await vi.waitFor(() => expect(asked.awake).toBe(turns + 1), { interval: 1 });
  }
  // The first thirty, and then after two turns, four, eight and so on.
  expect(asked.asleep).toBeGreaterThan(30);
  expect(asked.asleep).toBeLessThan(45);
});

test("hundreds are asked part by part and every few seconds, and one that hangs holds up only its own part", async () => {
  const asked = new Map<string, number>();
  let together = 0;
  const clientOf = (url: string): OpenInferenceClient => ({
    ...createOpenInferenceClient({ url }),
    describe: async (_, { signal }) => {
      asked.set(url, (asked.get(url) ?? 0) + 1);
      together += 1;
      if (url.endsWith("/7") && asked.get(url) === 2) await once(signal, "abort");
      return described;
    },
  });
  const urls = Array.from({ length: 300 }, (_, place) => `http://127.0.0.1:1/${place}`);
  const backends = urls.map((url) => backendAt({ id: url, url, client: clientOf(url) }));
  const fleet = { routes: new Map([["digits-s", routeOver([backends])]]) };
  const clock = createFakeClock();
  await using directory = await openDirectory({ fleet, clock, timeoutMs: 60_000 });
  expect(directory.complete()).toBe(true);
  expect([...asked.values()]).toEqual(urls.map(() => 1));
  for (let step = 0; step < 91; step += 1) {
    together = 0;
    clock.advance(100);
    await new Promise(setImmediate);
    expect(together).toBeLessThanOrEqual(30);
  }
  // Every three seconds, in ten parts: some have had their third turn after nine, and all of them their second.
  for (const [place, url] of urls.entries())
    expect(asked.get(url), url).toBe(place % 10 === 0 ? 4 : place % 10 === 7 ? 2 : 3);
});

test("a fleet is useful as long as any of its routes has a backend", async () => {
  const server = await startFakeBackend({});
  await using _ = server;
  await using client = createOpenInferenceClient({ url: server.url });
  await using nowhere = createOpenInferenceClient({ url: "http://127.0.0.1:1" });
  const there = backendAt({ id: "there", url: server.url, client });
  const gone = backendAt({ id: "gone", url: "http://127.0.0.1:1", client: nowhere });
  const one = ["digits-s", routeOver([[there]])] as const;
  const other = ["other", routeOver([[gone]], { model: "other" })] as const;
  await using both = await openDirectory({
    fleet: { routes: new Map([one, other]) },
    clock: createFakeClock(),
  });
  expect([both.complete(), both.useful()]).toEqual([false, true]);
  await using none = await openDirectory({ fleet: { routes: new Map([other]) }, clock: createFakeClock() });
  expect([none.complete(), none.useful()]).toEqual([false, false]);
});

test("where only strangers are waited for, who is known already is asked beside them, and soon all the same", async () => {
  const asked: string[] = [];
  await using open = createOpenInferenceClient({ url: "http://127.0.0.1:1" });
  const backendOf = (id: string, isSilent: boolean) => {
    const describe: OpenInferenceClient["describe"] = async (_, { signal }) => {
      asked.push(id);
      if (isSilent) await once(signal, "abort");
      return described;
    };
    return backendAt({ id, url: `http://127.0.0.1:1/${id}`, client: { ...open, describe } });
  };
  const [known, strange] = [backendOf("known", true), backendOf("strange", false)];
  const fleet = { routes: new Map([["digits-s", routeOver([[known, strange]])]]) };
  const before = ({ id }: { readonly id: string }) => (id === "known" ? described : undefined);
  const clock = createFakeClock();
  await using directory = await openDirectory({ fleet, clock, before, waitFor: "strangers" });
  const found = [known, strange].map((backend) => directory.find(backend, "digits-s"));
  expect(found).toEqual([described, described]);
  await vi.waitFor(() => expect(asked.filter((id) => id === "known")).toHaveLength(1));
});
