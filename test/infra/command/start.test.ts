import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { hashKey } from "#gateway/records/api-key.ts";
import { commands } from "#infra/command/commands.ts";
import { showHelp } from "#infra/command/help.ts";
import { developmentKey } from "#infra/command/start/development-key.ts";
import { greeting } from "#infra/command/start/greeting.ts";
import { listModels } from "#infra/command/start/list-models.ts";
import { localConfig } from "#infra/command/start/local-config.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { describedModel, json, startFakeBackend } from "#test/support/fake-backend.ts";

const facts = {
  gatewayUrl: "http://127.0.0.1:8080",
  model: "digits-s",
  models: ["digits-s", "digits-n"],
  key: "tw_key",
  sample: "/home/me/tradewind/demo/sample.jpg",
  folder: "/home/me/tradewind/.tradewind",
  cwd: "/home/me/tradewind",
  seconds: 1.94,
};

test("the greeting holds one complete command on a line of its own", () => {
  expect(greeting(facts).split("\n")[2]).toBe(
    "curl --data-binary @demo/sample.jpg -H 'content-type: image/jpeg' -H 'authorization: Bearer tw_key' http://127.0.0.1:8080/v1/models/digits-s/detect",
  );
});

test("a sample outside the current folder is named whole, and quoted where a shell would split it", () => {
  const line = greeting({ ...facts, cwd: "/elsewhere", sample: "/home/it's me/sample.jpg" }).split("\n")[2];
  expect(line).toContain(`--data-binary '@/home/it'\\''s me/sample.jpg' `);
});

test("the configuration that a start writes is one that the gateway reads", () => {
  const text = localConfig({
    models: ["digits-s"],
    source: "./demo",
    backendUrl: "http://127.0.0.1:5",
    at: "2026-11-21",
  });
  expect(parseConfig(text, { file: "t.yaml" }).routes).toMatchObject([
    {
      models: ["digits-s"],
      slo: 2_000,
      objective: "balanced",
      failover: [[{ provider: "local", weight: 1 }]],
    },
  ]);
});

test("the larger demo model is the example, and a backend that names no models is refused", async () => {
  const signal = AbortSignal.timeout(5_000);
  await using backend = await startFakeBackend({
    infer: json(200, [{ name: "digits-n" }, { name: "digits-n-tensor" }, { name: "digits-s" }]),
    describe: (request, response) => {
      const name = request.url?.endsWith("-tensor") ? "images" : "image";
      json(200, { ...describedModel, inputs: [{ name }] })(request, response);
    },
  });
  expect(await listModels(backend.url, { signal })).toEqual(["digits-s", "digits-n"]);
  await using empty = await startFakeBackend({ infer: json(200, []) });
  await expect(listModels(empty.url, { signal })).rejects.toMatchObject({ code: "backend_answer_invalid" });
});

test("a development key is made once, stored hashed, its text kept for its owner, and replaced once revoked", async () => {
  const folder = await mkdtemp(join(tmpdir(), "development-key-"));
  const database = createFakeKeys();
  const options = { folder, chance: systemChance, signal: AbortSignal.timeout(5_000) };
  const key = await developmentKey(database, options);
  expect(await developmentKey(database, options)).toBe(key);
  const everything = ["infer", "usage", "metrics", "admin", "explain", "objective"];
  expect([...database.rows.values()]).toEqual([
    { id: key.split("_")[1], name: "development", hash: hashKey(key), scopes: everything },
  ]);
  expect(database.audited).toEqual([["tradewind start", "key.create", key.split("_")[1]]]);
  expect(await readFile(join(folder, "development-key"), "utf8")).toBe(`${key}\n`);

  database.revoke(key.split("_")[1] ?? "");
  const next = await developmentKey(database, options);
  expect(next).not.toBe(key);
  expect(await developmentKey(database, options)).toBe(next);
  await rm(folder, { recursive: true });
});

test("a development key is for its owner alone, whatever a crash left in the place of its draft", async () => {
  const folder = await mkdtemp(join(tmpdir(), "development-key-"));
  await writeFile(join(folder, "development-key.draft"), "half", { mode: 0o666 });
  const options = { folder, chance: systemChance, signal: AbortSignal.timeout(5_000) };
  await developmentKey(createFakeKeys(), options);
  expect((await stat(join(folder, "development-key"))).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["development-key"]);
  await rm(folder, { recursive: true });
});

test("a development key that cannot be kept is one clear line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "development-key-"));
  await mkdir(join(folder, "development-key"));
  const options = { folder, chance: systemChance, signal: AbortSignal.timeout(5_000) };
  const database = createFakeKeys();
  await expect(developmentKey(database, options)).rejects.toMatchObject({
    code: "folder_unusable",
    message: `cannot read ${join(folder, "development-key")} (EISDIR)`,
  });
  expect(database.rows.size).toBe(0);
  await rm(folder, { recursive: true });
});

type Row = { readonly id: string; readonly name: string; readonly hash: string; readonly scopes: unknown };

/** The tables of keys and of the audit as far as these functions use them. */
function createFakeKeys() {
  const rows = new Map<string, Row>();
  const revoked = new Set<string>();
  const audited: unknown[][] = [];
  const answer = (text: string, values: readonly unknown[]): unknown[] => {
    if (text.startsWith("INSERT INTO audit_events")) {
      audited.push(values.slice(0, 3));
      return [];
    }
    const [id = "", name = "", hash = ""] = values.map(String);
    if (text.startsWith("INSERT INTO api_keys")) {
      if (rows.has(id)) return [];
      rows.set(id, { id, name, hash, scopes: values[4] });
      return [{ id }];
    }
    return rows.has(id) && !revoked.has(id) ? [{ id }] : [];
  };
  const query: Database["query"] = async <Result>(
    text: string,
    values: readonly unknown[] = [],
    { parse }: { readonly parse?: (row: unknown) => Result; readonly signal?: AbortSignal } = {},
  ): Promise<Result[]> => {
    const found = answer(text, values);
    return parse ? found.map(parse) : (found as Result[]);
  };
  const close = async (): Promise<void> => {};
  return {
    rows,
    audited,
    revoke: (id: string) => revoked.add(id),
    query,
    transaction: <Result>(work: (given: Database["query"]) => Promise<Result>) => work(query),
    close,
    [Symbol.asyncDispose]: close,
  };
}

test("the help names every command with what it is for", () => {
  const page = showHelp(commands);
  for (const [verb, { summary, usage }] of commands) {
    expect(page).toContain(`  ${verb}`);
    expect(page).toContain(summary);
    expect(usage).toMatch(new RegExp(`^tradewind ${verb}`));
  }
});
