import { expect, test } from "vitest";
import type { Lease } from "#inference/models/repository/held-version.ts";
import { seededRandom } from "#test/support/random.ts";
import { badFile, type FakeModel, openScene, type Scene } from "./fake-repository.ts";

type Held = { readonly lease: Lease<FakeModel>; readonly name: string };

/** One random step; loads and unloads are started and not waited for, so that they overlap with what follows. */
function step(
  scene: Scene,
  random: ReturnType<typeof seededRandom>,
  held: Held[],
  pending: Promise<unknown>[],
): void {
  const { repository, source, engine } = scene;
  const name = `m${random.integer(1, 3)}`;
  const key = `${name}/${random.integer(1, 4)}`;
  const kind = random.integer(0, 9);
  if (kind <= 2) pending.push(repository.load(name).catch(expectOurs));
  if (kind === 3) pending.push(repository.unload(name).catch(expectOurs));
  if (kind === 4) source.files.set(key, String(random.integer(0, 2)));
  if (kind === 5 && source.files.size > 3) source.files.delete(key);
  if (kind === 6 && random.chance(0.5)) engine.failing.set(key, badFile);
  if (kind === 6 && random.chance(0.5)) engine.failing.clear();
  if (kind === 7)
    source.yaml.set(name, `version_policy: { ${random.chance(0.5) ? "all: {}" : "latest: {}"} }`);
  if (kind >= 8) release(held, random.integer(0, held.length - 1));
  else tryLease(repository, name, held);
}

function tryLease(repository: Scene["repository"], name: string, held: Held[]): void {
  const versions = repository.versions(name);
  try {
    const lease = repository.lease(name);
    expect(lease.version).toBe(versions.at(-1));
    held.push({ lease, name });
  } catch (error) {
    expect(versions).toEqual([]);
    expectOurs(error);
  }
}

function release(held: Held[], place: number): void {
  for (const { lease } of held.splice(place, 1)) lease[Symbol.dispose]();
}

function expectOurs(error: unknown): void {
  expect(error).toMatchObject({ code: expect.stringMatching(/^(model_\w+|overloaded|draining)$/) });
}

test("whatever is loaded, unloaded, changed and leased in any order, nothing leased is closed and nothing is left open", async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = seededRandom(seed);
    const scene = await openScene({ "m1/1": "", "m2/1": "", "m3/2": "" }, { mode: "explicit", load: "all" });
    const held: Held[] = [];
    const pending: Promise<unknown>[] = [];
    for (let turn = 0; turn < 80; turn += 1) {
      step(scene, random, held, pending);
      for (let tick = random.integer(0, 12); tick > 0; tick -= 1) await undefined;
      for (const { lease, name } of held)
        expect(lease.loaded.closed, `seed ${seed} turn ${turn} ${name}`).toBe(false);
    }
    const closing = scene.repository.close();
    while (held.length > 0) release(held, 0);
    await Promise.all([...pending, closing]);
    expect(scene.engine.opened.filter(({ closed }) => !closed)).toEqual([]);
    expect(scene.source.held).toEqual([]);
  }
});

test("after any changes a load that succeeds serves what the source has, and nothing else", async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = seededRandom(seed);
    const scene = await openScene({ "m1/1": "" }, { mode: "explicit", load: "all" });
    for (let turn = 0; turn < 20; turn += 1) {
      const version = random.integer(1, 6);
      if (random.chance(0.7)) scene.source.files.set(`m1/${version}`, String(turn));
      else if (scene.source.files.size > 1) scene.source.files.delete(`m1/${version}`);
      const count = random.integer(1, 3);
      scene.source.yaml.set("m1", `version_policy: { latest: { num_versions: ${count} } }`);
      if (scene.source.files.size === 0) continue;
      await scene.repository.load("m1");
      const there = [...scene.source.files.keys()].map((key) => key.slice(3)).sort();
      expect(scene.repository.versions("m1"), `seed ${seed} turn ${turn}`).toEqual(there.slice(-count));
      for (const { version: served, loaded } of scene.repository.serving) {
        const [listing] = await scene.source.list({ signal: new AbortController().signal, model: "m1" });
        const stamp = listing?.versions.find((one) => one.version === served)?.stamp;
        expect(loaded.request.path).toBe(`/m1/${served}#${stamp}`);
      }
    }
    await scene.repository.close();
  }
});
