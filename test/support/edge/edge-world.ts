import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Gate, Ring } from "#gateway/devices/rings/rollout.ts";
import { newRolloutId } from "#gateway/devices/rings/rollout-id.ts";
import {
  type RolloutTurn,
  readEdgeRollouts,
  startEdgeRollout,
  turnEdgeRollout,
} from "#gateway/records/edge-rollouts.ts";
import { createEnrolment } from "#gateway/records/enrolments.ts";
import { addFamily } from "#gateway/repository/add-family.ts";
import { createRepository } from "#gateway/repository/create-repository.ts";
import { freshen } from "#gateway/repository/freshen.ts";
import { type NewArtefact, publishRelease } from "#gateway/repository/publish-release.ts";
import type { Repository } from "#gateway/repository/repository.ts";
import { revokeReleases } from "#gateway/repository/revoke-releases.ts";
import { makeKey, writeKeyFile } from "#gateway/repository/signing-key.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type GatewayProcess, startGateway } from "../gateway-process.ts";
import { startMigratedPostgres } from "../migrated-postgres.ts";

/** A gateway that serves devices, with its records and its signed repository: all real, all on this machine. */
export type EdgeWorld = AsyncDisposable & {
  readonly gateway: GatewayProcess;
  readonly database: Database;
  /** Ends when the world does: for what a test keeps. */
  readonly folder: string;
  readonly store: string;
  readonly publish: (release: NewRelease) => Promise<void>;
  readonly revoke: (release: number) => Promise<void>;
  readonly rollOut: (release: number, options?: RollOut) => Promise<string>;
  readonly turn: (turn: RolloutTurn) => Promise<void>;
  readonly rollout: (id: string) => Promise<Rollout>;
  /** What a device is given to enrol with. */
  readonly token: (label?: string) => Promise<string>;
};

export type NewRelease = Pick<NewArtefact, "model" | "golden"> &
  Partial<Pick<NewArtefact, "target" | "precision" | "minAgreement" | "memoryMb">> & {
    readonly release: number;
  };

export type RollOut = { readonly rings?: readonly Ring[]; readonly gate?: Partial<Gate> };
export type Rollout = { readonly state: string; readonly why: string; readonly ring: number };

/** The one model of this world. */
export const model = "digits-n";

const actor = { id: "command:test" };
const { signal } = new AbortController();

export async function openEdgeWorld({ poll = "1s" }: { readonly poll?: string } = {}): Promise<EdgeWorld> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "edge-world-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const store = join(folder, "repository");
  await mkdir(store);
  const online = await writeKeyFile(join(folder, "online.pem"));
  const [root, targets, family] = [makeKey(), makeKey(), makeKey()];
  const repository: Repository = { store: opening.use(await openBlobs(store)), clock };
  const named = () => freshen(repository, [online], { signal });
  const founders = { root: [root], rootThreshold: 1, targets: [targets], targetsThreshold: 1, online };
  const { rootSha256 } = await createRepository(repository, founders, { signal });
  await addFamily(repository, { model, targetsKeys: [targets], familyKeys: [family], threshold: 1, signal });
  await named();
  const { postgres, database } = opening.use(await startMigratedPostgres());
  const gateway = opening.use(
    await startGateway({
      backend: "http://127.0.0.1:9",
      config: { edge: { repository: store, onlineKey: join(folder, "online.pem"), poll } },
      env: { DATABASE_URL: postgres.url },
    }),
  );
  const opened = opening.move();
  return {
    ...{ gateway, database, folder, store },
    publish: async ({ release, ...artefact }) => {
      const usual = { target: "any", precision: "fp32", memoryMb: 64, minAgreement: 990_000 } as const;
      const artefacts = [{ ...usual, minAgent: "0.1.0", ...artefact }];
      const version = `${release}.0`;
      await publishRelease(repository, { model, version, release, artefacts, keys: [family], signal });
      await named();
    },
    revoke: async (release) => {
      await revokeReleases(repository, { model, what: { release }, keys: [family], signal });
      await named();
    },
    rollOut: async (release, { rings = [{ share: 1 }], gate = {} } = {}) => {
      const id = newRolloutId({ clock, chance });
      const held = { least: 1, soakMs: 0, maxFailures: 0, minAgreement: null, ...gate };
      const now = clock.now();
      await startEdgeRollout(database, { id, model, release, rings, gate: held, actor, now });
      return id;
    },
    turn: async (turn) => {
      await turnEdgeRollout(database, { model, turn, actor });
    },
    rollout: async (id) => {
      const all = await readEdgeRollouts(database.query, { models: [model] });
      const found = all.find((one) => one.id === id);
      if (!found) throw new Error(`there is no rollout ${id}`);
      return { state: found.state, why: found.why, ring: found.progress.ring };
    },
    token: async (label) => {
      const terms = { models: [], ...(label !== undefined && { label }) };
      const { text } = await createEnrolment(database, { actor, terms, forMs: 3_600_000, chance });
      return `${text}.${rootHash(rootSha256)}`;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** As a token names it, however it was given. */
function rootHash(sha256: string): string {
  return /^[0-9a-f]{64}$/.test(sha256) ? Buffer.from(sha256, "hex").toString("base64url") : sha256;
}
