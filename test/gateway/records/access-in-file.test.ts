import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAccess } from "#gateway/admission/access.ts";
import { accessInFile } from "#gateway/records/access-in-file.ts";
import { createApiKey, type KeyRecord } from "#gateway/records/api-key.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const options = { signal: AbortSignal.timeout(60_000) };

async function withFile(work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "access-"));
  try {
    await work(join(folder, "keys.yaml"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const entry = ({ id, name, hash }: KeyRecord): string =>
  `  - { id: "${id}", name: ${name}, hash: ${hash} }\n`;

const written = (...keys: KeyRecord[]): string => `keys:\n${keys.map(entry).join("")}`;

test("a file is taken over when it says something else, and not when it was only touched", () =>
  withFile(async (file) => {
    const [first, second] = [createApiKey("a", systemChance).record, createApiKey("b", systemChance).record];
    await writeFile(file, written(first));
    const source = accessInFile(file);
    const unchanged = { isWhole: false, tenants: [], keys: [] };
    expect(await source.read(options)).toMatchObject({ isWhole: true, keys: [first] });
    expect(await source.read(options)).toEqual(unchanged);
    await writeFile(file, written(first));
    expect(await source.read(options)).toEqual(unchanged);
    await writeFile(file, written(second));
    expect(await source.read(options)).toMatchObject({ isWhole: true, keys: [second] });
  }));

test("a key that was taken out of the file stops working, and a broken file changes nothing until it is mended", () =>
  withFile(async (file) => {
    const clock = createFakeClock();
    const [kept, dropped] = [createApiKey("a", systemChance), createApiKey("b", systemChance)];
    const skipped: unknown[] = [];
    const stop = sideConcernSkipped.subscribe(({ error }) => skipped.push(error));
    await writeFile(file, written(kept.record, dropped.record));
    await using access = await openAccess({ source: accessInFile(file), clock, refreshMs: 1_000 });
    expect(access.find(dropped.text)).toBeDefined();
    await writeFile(file, "keys: [");
    for (const turns of [1, 2]) {
      clock.advance(1_000);
      await expect.poll(() => skipped.length).toBe(turns);
    }
    expect(access.find(dropped.text)).toBeDefined();
    await writeFile(file, written(kept.record));
    await access.refresh();
    expect(access.find(dropped.text)).toBeUndefined();
    expect(access.find(kept.text)).toMatchObject({ tenant: { id: "default" } });
    stop();
  }));

test("keys of a file that went away go on working", () =>
  withFile(async (file) => {
    const { text, record } = createApiKey("a", systemChance);
    await writeFile(file, written(record));
    await using access = await openAccess({ source: accessInFile(file), clock: createFakeClock() });
    await rm(file);
    await expect(access.refresh()).rejects.toThrow("cannot read the keys in");
    expect(access.find(text)).toBeDefined();
  }));
