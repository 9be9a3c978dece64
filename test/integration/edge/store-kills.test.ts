import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { chooseAtBoot } from "#edge/store/choose-at-boot.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { openDisk } from "#edge/store/open-disk.ts";
import { openState } from "#edge/store/open-state.ts";
import { openShelf } from "#edge/store/shelf.ts";
import { model, soundOn } from "#test/support/edge/play-device.ts";
import { seededRandom } from "#test/support/random.ts";

const main = resolve(import.meta.dirname, "../../support/edge/store-child/main.ts");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tradewind-kills-"));
  // One that ends by itself leaves the compiled program behind for all that are killed.
  await once(startChild(join(folder, "first"), "1"), "close");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the child said it had, each line at a moment when that lasted. */
const said = z.object({
  generation: z.int(),
  floor: z.int(),
  quarantined: z.int(),
});
type Said = z.output<typeof said>;

const nothing: Said = { generation: 0, floor: 0, quarantined: 0 };

/** A machine with nothing else to do gets through them all. */
const mostMs = 20_000;

test("kills at any instant lose nothing that was answered for, and each start finds a model that loads", async () => {
  const lanes = ["one", "other"].map((lane, seed) =>
    killAgainAndAgain(join(folder, lane), { kills: 50, seed }),
  );
  const ends = await Promise.all(lanes);
  for (const { kills, changes } of ends) {
    expect(kills).toBeGreaterThanOrEqual(5);
    expect(changes).toBeGreaterThan(kills);
  }
}, 120_000);

async function killAgainAndAgain(
  at: string,
  { kills, seed }: { readonly kills: number; readonly seed: number },
): Promise<{ kills: number; changes: number }> {
  const random = seededRandom(seed);
  const began = performance.now();
  let [least, kill] = [nothing, 0];
  for (; kill < kills && performance.now() - began < mostMs; kill += 1) {
    const last = await liveAndDie(at, { lines: random.integer(1, 7), ms: random.between(0, 6) });
    expect(last.generation).toBeGreaterThanOrEqual(least.generation);
    least = await startAfter(at, last);
  }
  return { kills: kill, changes: least.generation };
}

/** Waits for some lines, then a moment more, then kills; answers the last line that was said. */
async function liveAndDie(
  at: string,
  { lines, ms }: { readonly lines: number; readonly ms: number },
): Promise<Said> {
  const child = startChild(at);
  const exit = once(child, "exit");
  let [last, count] = [nothing, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    last = said.parse(JSON.parse(line));
    count += 1;
    if (count === lines) setTimeout(() => child.kill("SIGKILL"), ms);
  }
  expect(await exit).toEqual([null, "SIGKILL"]);
  expect(count).toBeGreaterThanOrEqual(lines);
  return last;
}

function startChild(...args: readonly string[]) {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") };
  return spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
}

async function startAfter(at: string, last: Said): Promise<Said> {
  const fs = openDisk();
  await using store = await openState({ fs, folder: at });
  const state = modelOf(store.state, model);
  const sound = await soundOn(openShelf({ fs, folder: at }));
  const { models } = chooseAtBoot(store.state, { sound, builtIn: new Set() });
  expect(store.found).toMatch(last.generation === 0 ? /fresh|whole/ : /whole/);
  expect(store.state.generation).toBeGreaterThanOrEqual(last.generation);
  expect(state.floor).toBeGreaterThanOrEqual(last.floor);
  expect(state.quarantined.length).toBeGreaterThanOrEqual(last.quarantined);
  if (state.active !== null) expect(models.get(model)?.run).toBe("active");
  if (state.previous !== null) expect(sound).toContain(state.previous.sha256);
  if (last.floor > 0) expect(state.active).not.toBeNull();
  const { generation } = store.state;
  return { generation, floor: state.floor, quarantined: state.quarantined.length };
}
