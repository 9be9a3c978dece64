import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { createKnownBackends } from "#gateway/dispatch/known-backends.ts";
import type { ConfigSource, FoundText } from "#gateway/fleet/config-source.ts";
import { followConfiguration } from "#gateway/fleet/follow-config.ts";
import { measureConfiguration } from "#gateway/fleet/measure-configuration.ts";
import { openLiveFleet } from "#gateway/fleet/swap.ts";
import { digestOf, type PublishedConfiguration } from "#gateway/records/configurations.ts";
import { healthRoutes } from "#gateway/routes/health.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { type FakeBackend, startFakeBackend } from "#test/support/fake-backend.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { configText } from "#test/support/live-fleet.ts";

let folder: string;
let file: string;
let backend: FakeBackend;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "follow-config-"));
  file = join(folder, "tradewind.yaml");
  backend = await startFakeBackend();
});
afterEach(async () => {
  await backend[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const textOf = (name: string): string => configText({ [name]: backend.url });

/** A place where configurations are published, in memory. */
function createPlace(first: string) {
  const found: FoundText[] = [];
  const versions: PublishedConfiguration[] = [];
  const state = { away: false };
  const add = (text: string): PublishedConfiguration => {
    const version = versions.length + 1;
    const row = { source: "file", actor: "test", note: "", createdAt: new Date(0) } as const;
    const published = { version, text, sha256: digestOf(text), ...row };
    versions.push(published);
    return published;
  };
  const there = (): void => {
    if (state.away) throw new TradewindError("database_unavailable", "PostgreSQL does not answer");
  };
  const source: ConfigSource = {
    newest: async (known) => {
      there();
      const newest = versions.at(-1);
      return newest?.version === known ? undefined : newest;
    },
    publish: async (one) => {
      there();
      found.push(one);
      return { isNew: true, entry: add(one.text) };
    },
    watch: () => ({ [Symbol.asyncDispose]: async () => {} }),
  };
  add(first);
  return { source, add, found, state };
}

async function follow(place?: ReturnType<typeof createPlace>) {
  await using opening = new AsyncDisposableStack();
  const text = textOf("first");
  await writeFile(file, text);
  const clock = createFakeClock();
  const version = place ? 1 : 0;
  const begun = { text, version, fileText: text, config: parseConfig(text, { file }) };
  const { signal } = new AbortController();
  const known = createKnownBackends({ chance });
  const live = opening.use(
    await openLiveFleet({ file, begin: begun, clock, chance, known, now: clock.elapsed, signal }),
  );
  const lines: string[] = [];
  const log = pino(new Writable({ write: (line, _, done) => done(void lines.push(String(line))) }));
  const source = place?.source;
  const configuration = opening.use(followConfiguration({ live, source, file, begun, clock, log }));
  const opened = opening.move();
  return {
    live,
    clock,
    configuration,
    lines,
    /** Lets time go by until something is as it is expected. */
    until: async (expected: () => void) => {
      await vi.waitFor(
        () => {
          clock.advance(250);
          expected();
        },
        { interval: 5, timeout: 5_000 },
      );
    },
    names: () =>
      live
        .current()
        .fleet.routes.get("digits-s")
        ?.backends.map(({ id }) => id),
    troubles: () => configuration.status().troubles,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

test("without a database a file that changed is served, by itself and when it is asked for", async () => {
  await using followed = await follow();
  await writeFile(file, textOf("second"));
  await followed.until(() => expect(followed.names()).toEqual(["second"]));
  await writeFile(file, textOf("third"));
  await followed.configuration.reload();
  expect(followed.names()).toEqual(["third"]);
  expect(followed.live.current().version).toBe(0);
});

test("a bad file leaves the last good one, and is told in a line, a metric and the detail of readiness", async () => {
  await using followed = await follow();
  const metrics = createMetrics({ processMetrics: false });
  measureConfiguration(metrics, followed.configuration.status);
  const routes = healthRoutes({
    ready: () => true,
    directory: followed.live.directory,
    softState: { ping: async () => {} },
    configuration: followed.configuration,
  });
  const ready = async () => await (await routes.request("/readyz")).json();
  expect(await ready()).toMatchObject({ ready: true, configuration: "current", configuration_version: 0 });
  expect(await metrics.metrics()).toContain("tradewind_configuration_stale 0");
  const secret = "a text that nobody else shall read";
  await writeFile(file, `${textOf("second").slice(0, -1)}, "speed": "${secret}" }`);
  await followed.configuration.reload();
  await followed.configuration.reload();
  expect(followed.names()).toEqual(["first"]);
  expect(followed.troubles()).toMatchObject([
    { of: "file", problem: expect.stringContaining("tradewind.yaml:1:") },
  ]);
  expect(await ready()).toMatchObject({
    ready: true,
    configuration: "stale",
    configuration_trouble: [expect.stringContaining("file")],
  });
  expect(await metrics.metrics()).toContain("tradewind_configuration_stale 1");
  const told = followed.lines.filter((line) => line.includes("the last good one stays"));
  expect(told).toHaveLength(1);
  expect(followed.lines.join()).not.toContain(secret);
  await writeFile(file, textOf("first"));
  await followed.configuration.reload();
  expect(followed.troubles()).toEqual([]);
  expect(await ready()).toMatchObject({ configuration: "current" });
});

test("a file that is gone is a bad file, and what comes back is served", async () => {
  await using followed = await follow();
  await rm(file);
  await followed.until(() => expect(followed.troubles()).toMatchObject([{ of: "file" }]));
  expect(followed.troubles()[0]?.problem).toContain("cannot read");
  await writeFile(file, textOf("second"));
  await followed.until(() => expect(followed.names()).toEqual(["second"]));
  expect(followed.troubles()).toEqual([]);
});

test("with a database a file that changed is published and served, a bad one never gets there", async () => {
  const place = createPlace(textOf("first"));
  await using followed = await follow(place);
  await writeFile(file, "routes: []");
  await followed.configuration.reload();
  expect(place.found).toEqual([]);
  await writeFile(file, textOf("second"));
  await followed.until(() => expect(followed.names()).toEqual(["second"]));
  expect(place.found).toMatchObject([{ source: "file", unless: { byFileAfter: 1 } }]);
  expect(followed.live.current().version).toBe(2);
});

test("asked to read a file that did not change, it publishes it over whatever came since", async () => {
  const place = createPlace(textOf("first"));
  await using followed = await follow(place);
  place.add(textOf("second"));
  await followed.configuration.catchUp();
  expect(followed.names()).toEqual(["second"]);
  await followed.configuration.reload();
  expect(place.found).toEqual([{ text: textOf("first"), source: "sighup", unless: undefined }]);
  expect(followed.names()).toEqual(["first"]);
});

test("what others published is served within two seconds, also when nobody tells of it", async () => {
  const place = createPlace(textOf("first"));
  await using followed = await follow(place);
  place.add(textOf("second"));
  await vi.waitFor(
    () => {
      followed.clock.advance(50);
      expect(followed.names()).toEqual(["second"]);
    },
    { interval: 20 },
  );
  expect(followed.clock.elapsed()).toBeLessThan(2_000);
});

test("a version that cannot be served is told once, tried again after a while, and forgotten with the next", async () => {
  const place = createPlace(textOf("first"));
  await using followed = await follow(place);
  place.add("of a version of the future: yes");
  for (let n = 0; n < 3; n += 1) await followed.configuration.catchUp();
  expect(followed.troubles()).toMatchObject([{ of: "published", version: 2 }]);
  expect(followed.names()).toEqual(["first"]);
  followed.clock.advance(10_000);
  await followed.configuration.catchUp();
  expect(followed.lines.filter((line) => line.includes("the last good one stays"))).toHaveLength(1);
  place.add(textOf("third"));
  await followed.configuration.catchUp();
  expect(followed.names()).toEqual(["third"]);
  expect(followed.troubles()).toEqual([]);
});

test("a file that could not be published while the database was away is published when it is back", async () => {
  const place = createPlace(textOf("first"));
  await using followed = await follow(place);
  place.state.away = true;
  await writeFile(file, textOf("second"));
  await followed.configuration.reload();
  expect(followed.troubles()).toMatchObject([{ of: "file", problem: "PostgreSQL does not answer" }]);
  expect(followed.names()).toEqual(["first"]);
  place.state.away = false;
  await followed.until(() => expect(followed.names()).toEqual(["second"]));
  expect(followed.troubles()).toEqual([]);
});

test("a gateway that stops follows nothing any more, and stops twice without harm", async () => {
  const place = createPlace(textOf("first"));
  await using followed = await follow(place);
  await Promise.all([followed.configuration.close(), followed.configuration.close()]);
  place.add(textOf("second"));
  await followed.configuration.reload();
  await expect(followed.configuration.catchUp()).rejects.toThrow();
  expect(followed.names()).toEqual(["first"]);
});
