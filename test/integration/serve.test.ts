import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeBackend, startFakeBackend } from "#test/support/fake-backend.ts";
import { freePort } from "#test/support/free-port.ts";
import { startPostgres, type ThrowAwayPostgres } from "#test/support/postgres.ts";
import { repository, runTradewind } from "#test/support/run-tradewind.ts";

let folder: string;
let backend: FakeBackend;
let postgres: ThrowAwayPostgres;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serve-"));
  backend = await startFakeBackend();
  postgres = await startPostgres();
});
afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function configure(name: string, more = ""): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  const text = `models: { digits-s: { source: x } }
providers: { there: { kind: static, urls: ["${backend.url}"] } }
routes: [{ models: [digits-s], failover: [[there]] }]
${more}`;
  await writeFile(file, text);
  return file;
}

async function serve(config: string, env: Record<string, string> = {}) {
  const { DATABASE_URL: _, ...usual } = process.env;
  const port = await freePort();
  const args = [join(repository, "infra/main.ts"), "serve", "--config", config, "--port", String(port)];
  const child = spawn(process.execPath, args, {
    env: { ...usual, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  const url = `http://127.0.0.1:${port}`;
  await expect
    .poll(
      () =>
        fetch(`${url}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
  const stop = async (): Promise<number | null> => {
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    return code;
  };
  return { url, stop, stderr: () => stderr };
}

const models = (url: string, key: string): Promise<number> =>
  fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } }).then(({ status }) => status);

test("a server without a database refuses to start and says what to set", async () => {
  const { code, stderr } = await runTradewind(["serve", "--config", await configure("none")]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      "tradewind: DATABASE_URL is not set: set it to a PostgreSQL address, or set records: file in the configuration\n",
  });
});

test("a server whose database is away says so without the password", async () => {
  const url = `postgres://me:hunter2@127.0.0.1:${await freePort()}/x`;
  const { code, stderr } = await runTradewind(["serve", "--config", await configure("away")], {
    DATABASE_URL: url,
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^tradewind: cannot reach PostgreSQL at postgres:\/\/127\.0\.0\.1:\d+\/x \(ECONNREFUSED\): check DATABASE_URL/,
  );
});

test("a key made by the command opens the door, and a revoked one closes within seconds", async () => {
  const env = { DATABASE_URL: postgres.url };
  const made = await runTradewind(["keys", "create", "ci"], env);
  const key = made.stdout.trim();
  const server = await serve(await configure("postgres"), env);
  expect(await models(server.url, key)).toBe(200);
  const id = key.split("_")[1] ?? "";
  expect((await runTradewind(["keys", "list"], env)).stdout).toBe(
    `${id}  default  infer,usage  never used  ci\n`,
  );
  expect((await runTradewind(["keys", "revoke", id], env)).code).toBe(0);
  await expect.poll(() => models(server.url, key), { timeout: 5_000 }).toBe(401);
  expect((await runTradewind(["keys", "revoke", id], env)).stderr).toContain(
    `there is no key ${id} to revoke`,
  );
  expect(await server.stop()).toBe(0);
  expect(server.stderr()).not.toContain(key);
});

test("with records in a file a server runs without a database and says which features are off", async () => {
  const made = await runTradewind(["keys", "create", "edge", "--file"]);
  await writeFile(join(folder, "keys.yaml"), made.stdout);
  const key = made.stderr.match(/tw_\S+/)?.[0] ?? "";
  const server = await serve(await configure("file", "records: file\n"));
  expect(await models(server.url, key)).toBe(200);
  expect(await models(server.url, "tw_000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).toBe(401);
  expect(server.stderr()).toContain("records: file, so these are off: ");
  expect(await server.stop()).toBe(0);
});

test("a server with a provider that cannot be opened does not start, and says which and why", async () => {
  const config = join(folder, "clouds.yaml");
  const text = `models: { m: { source: x } }
providers:
  ours: { kind: static, urls: ["http://127.0.0.1:1"] }
  rented: { kind: static, urls: ["http://127.0.0.1:2"], bearer: { env: NOT_SET_ANYWHERE } }
routes: [{ models: [m], failover: [[ours, rented]] }]
records: file
`;
  await writeFile(config, text);
  expect((await runTradewind(["config", "check", config])).stdout).toContain(
    "is valid: 1 model, 2 providers, 1 route",
  );
  const { code, stderr } = await runTradewind(["serve", "--config", config]);
  expect(code).toBe(1);
  expect(stderr).toContain("providers.rented: the variable NOT_SET_ANYWHERE holds no secret");
});

test("the command explains itself, and refuses a verb that it does not have", async () => {
  const { code, stdout } = await runTradewind(["--help"]);
  expect({ code, first: stdout.split("\n")[0] }).toEqual({
    code: 0,
    first: "tradewind: one public API in front of your image-inference services",
  });
  expect((await runTradewind(["start", "--help"])).stdout).toMatch(/^tradewind start \[/);
  expect((await runTradewind(["--version"])).stdout).toBe("0.1.0\n");
  expect(await runTradewind(["fly"])).toMatchObject({
    code: 2,
    stderr: 'tradewind: there is no command "fly", see tradewind --help\n',
  });
  expect(await runTradewind(["serve", "--prot", "1"])).toMatchObject({
    code: 1,
    stderr: "tradewind: unknown option '--prot': see tradewind --help\n",
  });
});
