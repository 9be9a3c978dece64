import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyRights } from "#gateway/records/api-key.ts";
import { usualRights } from "#gateway/records/api-key.ts";
import { createKey, revokeKey } from "#gateway/records/keys.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { keptTenant, tenantBounds } from "#gateway/records/tenant-bounds.ts";
import { putTenant } from "#gateway/records/tenants.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { type EmbeddedPostgres, openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { openSlowLine } from "./slow-line.ts";

export type MadeKey = { readonly text: string; readonly id: string };

/** A real PostgreSQL with the gateway's tables, which can be killed and comes back at the same address. */
export type LiveRecords = AsyncDisposable & {
  /** Where it always answers, when it does. */
  readonly url: string;
  /** Bounds as an operator writes them. */
  readonly tenant: (id: string, bounds?: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly key: (rights?: Partial<KeyRights>) => Promise<MadeKey>;
  readonly revoke: (id: string) => Promise<void>;
  readonly rows: (sql: string) => Promise<readonly Record<string, unknown>[]>;
  /** Gone at once, as in a crash. */
  readonly kill: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
};

const actor = { id: "test" };

export async function openLiveRecords(): Promise<LiveRecords> {
  const root = await mkdtemp(join(tmpdir(), "live-records-"));
  const folder = join(root, "data");
  let server: EmbeddedPostgres = await openEmbeddedPostgres({ folder });
  const line = await openSlowLine(Number(new URL(server.url).port));
  const address = new URL(server.url);
  address.port = `${line.port}`;
  const database = await openDatabase({ url: address.href });
  await migrate(database, migrations);
  return {
    url: address.href,
    tenant: async (id, bounds = {}) => {
      await putTenant(database, { actor, tenant: keptTenant(id, tenantBounds.parse(bounds), 365) });
    },
    key: async (rights = {}) => {
      const whole = { ...usualRights, ...rights };
      const { text, record } = await createKey(database, {
        actor,
        name: "test",
        rights: whole,
        chance: systemChance,
      });
      return { text, id: record.id };
    },
    revoke: async (id) => void (await revokeKey(database, { actor, id })),
    rows: (sql) => database.query(sql, [], { parse: (row) => row as Record<string, unknown> }),
    kill: async () => {
      process.kill(server.pid, "SIGKILL");
      await server.close();
    },
    comeBack: async () => {
      server = await openEmbeddedPostgres({ folder });
      line.leadTo(Number(new URL(server.url).port));
    },
    [Symbol.asyncDispose]: async () => {
      await database.close();
      await line[Symbol.asyncDispose]();
      await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
