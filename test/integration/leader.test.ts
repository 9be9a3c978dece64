import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type LeaderState, type Leading, standForLeader } from "#gateway/operations/leader.ts";
import { holdTerm, raiseTerm, readLeader } from "#gateway/records/leader.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { type LiveRecords, openLiveRecords } from "#test/support/live-records.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";

let records: MigratedPostgres;
let folder: string;
beforeAll(async () => {
  records = await startMigratedPostgres();
  folder = await mkdtemp(join(tmpdir(), "leaders-"));
});
afterAll(async () => {
  await records?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const quick = { clock, beatMs: 50 };

/** Leads until it is asked to end. */
const untilEnd = ({ signal, ending }: Leading): Promise<void> =>
  new Promise((done, reject) => {
    ending.addEventListener("abort", () => done(), { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

test("of two who stand one leads, and who closes lets the work in hand end before the other takes over", async () => {
  const { url } = records.postgres;
  const done: string[] = [];
  const stand = (name: string) =>
    standForLeader({
      ...{ ...quick, url, name },
      lead: async (leading) => {
        done.push(`${name} leads ${leading.term > 0}`);
        await untilEnd(leading);
        await clock.sleep(300);
        done.push(`${name} finished`);
      },
    });
  await using first = stand("first");
  await vi.waitFor(() => expect(first.state()).toBe("leading"), 5_000);
  await using second = stand("second");
  await clock.sleep(300);
  expect(second.state()).toBe("following");
  await first.close();
  expect(first.state()).toBe("closed");
  await vi.waitFor(() => expect(second.state()).toBe("leading"), 5_000);
  expect(done).toEqual(["first leads true", "first finished", "second leads true"]);
  expect((await readLeader(records.database.query))?.leader).toBe("second");
});

test("work that fails gives the lock back, and the next term has a higher number", async () => {
  const terms: number[] = [];
  const errors: unknown[] = [];
  await using _ = standForLeader({
    ...{ ...quick, url: records.postgres.url, name: "failing" },
    tell: (_state, error) => void (error && errors.push(error)),
    lead: async ({ term }) => {
      terms.push(term);
      throw new Error("it was told to fail");
    },
  });
  await vi.waitFor(() => expect(terms.length).toBeGreaterThan(2), 5_000);
  expect(terms).toEqual(terms.toSorted((a, b) => a - b));
  expect(new Set(terms).size).toBe(terms.length);
  expect(errors[0]).toMatchObject({ message: "it was told to fail" });
});

test("an answer that a frozen process finds when it is thawed no longer says that it leads", async () => {
  const silentMs = 4_000;
  let frozenMs = 0;
  const frozen = { ...clock, elapsed: () => clock.elapsed() + frozenMs };
  const checks: Promise<void>[] = [];
  await using _ = standForLeader({
    ...{ clock: frozen, beatMs: 1_000, silentMs, url: records.postgres.url, name: "frozen" },
    lead: async ({ check }) => {
      if (checks.length > 0) return;
      await check();
      checks.push(check());
      frozenMs = silentMs;
      await Promise.allSettled(checks);
    },
  });
  await vi.waitFor(() => expect(checks).toHaveLength(1), 5_000);
  await expect(checks[0]).rejects.toMatchObject({ code: "not_leader" });
});

test("a wrong address is told, and tried again until it is closed", async () => {
  const told: [LeaderState, unknown][] = [];
  await using candidacy = standForLeader({
    ...{ ...quick, url: "postgres://127.0.0.1:9/none", name: "lost" },
    tell: (state, error) => void told.push([state, error]),
    lead: untilEnd,
  });
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(1), 5_000);
  expect(told[0]).toEqual(["lost", expect.objectContaining({ code: "database_unavailable" })]);
  await candidacy.close();
  expect(candidacy.state()).toBe("closed");
});

test("when PostgreSQL dies the leader knows at once, and one of two leads in a new term when it is back", async () => {
  await using live: LiveRecords = await openLiveRecords();
  const terms: number[] = [];
  const lost: unknown[] = [];
  let active = 0;
  const stand = (name: string) =>
    standForLeader({
      ...{ ...quick, url: live.url, name },
      lead: async (leading) => {
        terms.push(leading.term);
        active += 1;
        expect(active).toBe(1);
        await untilEnd(leading).catch((error: unknown) => lost.push(error));
        active -= 1;
        await expect(leading.check()).rejects.toMatchObject({ code: "not_leader" });
      },
    });
  await using _ = stand("one");
  await using __ = stand("two");
  await vi.waitFor(() => expect(terms).toEqual([1]), 5_000);
  await live.kill();
  await vi.waitFor(() => expect(lost).toMatchObject([{ code: "not_leader" }]), 2_000);
  await live.comeBack();
  await vi.waitFor(() => expect(terms).toEqual([1, 2]), 15_000);
});

test("a transaction of a term that is stopped in its middle holds a new term up for a few seconds only", async () => {
  const { database } = records;
  const term = await raiseTerm(database.query, "stopped");
  const [held, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const stopped = database.transaction(async (query) => {
    await holdTerm(query, term);
    held.resolve();
    await over.promise;
  });
  await held.promise;
  const before = clock.elapsed();
  expect(await raiseTerm(database.query, "next")).toBe(term + 1);
  expect(clock.elapsed() - before).toBeLessThan(9_000);
  over.resolve();
  await expect(stopped).rejects.toMatchObject({ code: "database_unavailable" });
});

type LeadProcess = AsyncDisposable & { readonly child: ChildProcess; readonly state: () => string };

const lead = resolve(import.meta.dirname, "../support/lead-process.ts");

function startLeading(name: string, journal: string, silentMs: number): LeadProcess {
  const child = fork(lead, [records.postgres.url, name, journal, String(silentMs)], { stdio: "inherit" });
  let state = "none";
  child.on("message", (message: { readonly state: string }) => {
    state = message.state;
  });
  return {
    ...{ child, state: () => state },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function termsIn(journal: string): Promise<readonly number[]> {
  const text = await readFile(journal, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => Number.parseInt(line, 10));
}

test("of three processes one acts at a time, through deaths and sleeps, and the next one acts within seconds", async () => {
  const silentMs = 1_500;
  const journal = join(folder, "journal");
  await using stack = new AsyncDisposableStack();
  const start = (name: string) => stack.use(startLeading(name, journal, silentMs));
  const all = [start("a"), start("b"), start("c")];
  const leaderOf = () =>
    vi.waitFor(
      async () => {
        const leading = all.filter(({ child, state }) => state() === "leading" && child.signalCode === null);
        const [leader] = leading;
        if (leading.length !== 1 || !leader) throw new Error(`${leading.length} lead`);
        return leader;
      },
      { timeout: 10_000, interval: 20 },
    );
  const takeover = async (from: number) => {
    const beganAt = clock.elapsed();
    await vi.waitFor(async () => expect(Math.max(...(await termsIn(journal)))).toBeGreaterThan(from), {
      timeout: 10_000,
      interval: 20,
    });
    return clock.elapsed() - beganAt;
  };
  const newest = async () => Math.max(...(await termsIn(journal)));

  const first = await leaderOf();
  await vi.waitFor(async () => expect((await termsIn(journal)).length).toBeGreaterThan(0), 5_000);
  let term = await newest();
  first.child.kill("SIGKILL");
  expect(await takeover(term)).toBeLessThan(3_000);

  const second = await leaderOf();
  term = await newest();
  second.child.kill("SIGSTOP");
  expect(await takeover(term)).toBeLessThan(silentMs + 3_000);
  const acted = (await termsIn(journal)).filter((one) => one === term).length;
  second.child.kill("SIGCONT");
  await vi.waitFor(() => expect(second.state()).toBe("following"), 5_000);
  expect((await termsIn(journal)).filter((one) => one === term).length).toBe(acted);

  const third = await leaderOf();
  term = await newest();
  expect(third).not.toBe(second);
  third.child.kill("SIGTERM");
  expect(await takeover(term)).toBeLessThan(3_000);
  const terms = await termsIn(journal);
  expect(terms).toEqual(terms.toSorted((one, other) => one - other));
});
