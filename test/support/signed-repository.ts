import { addFamily } from "#gateway/repository/add-family.ts";
import { createRepository } from "#gateway/repository/create-repository.ts";
import { freshen } from "#gateway/repository/freshen.ts";
import type { Lives } from "#gateway/repository/lives.ts";
import { type NewArtefact, publishRelease } from "#gateway/repository/publish-release.ts";
import type { Repository } from "#gateway/repository/repository.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { createFakeClock } from "./fake-clock.ts";

export const model = "digits-n";

const signal = new AbortController().signal;

/** Keys of every role; the root wants two of three. */
export function repositoryKeys() {
  return {
    root: [makeKey(), makeKey(), makeKey()] as const,
    targets: makeKey(),
    online: makeKey(),
    family: makeKey(),
  };
}

export type RepositoryKeys = ReturnType<typeof repositoryKeys>;

/** A repository with one family and no release, its lists named. The clock tells the real time, but stands still. */
export async function foundRepository<Store extends BlobStore>(
  store: Store,
  { lives = {}, keys = repositoryKeys() }: { lives?: Partial<Lives>; keys?: RepositoryKeys } = {},
) {
  const clock = createFakeClock({ startAt: Date.now() });
  const repository: Repository = { store, clock, lives };
  const { root, targets, online, family } = keys;
  const thresholds = { rootThreshold: 2, targetsThreshold: 1 };
  const { rootSha256 } = await createRepository(
    repository,
    { root, targets: [targets], online, ...thresholds },
    { signal },
  );
  await addFamily(repository, {
    ...{ model, targetsKeys: [targets], familyKeys: [family], threshold: 1, signal },
  });
  await freshen(repository, [online], { signal });
  return {
    repository,
    store,
    clock,
    keys,
    rootSha256,
    firstRoot: await bytesOf(store, "metadata/1.root.json"),
  };
}

export type FoundRepository = Awaited<ReturnType<typeof foundRepository>>;

/** A file that looks like a model to whoever only carries it about. */
export function artefact(content: string, target: NewArtefact["target"] = "any"): NewArtefact {
  return {
    target,
    model: new TextEncoder().encode(content),
    golden: new TextEncoder().encode(`golden of ${content}`),
    ...{ precision: "int8", memoryMb: 40, minAgreement: 990_000, minAgent: "0.1.0" },
  };
}

/** Publishes and names a release of one file. */
export async function publishOne(
  { repository, keys }: Pick<FoundRepository, "repository" | "keys">,
  version: string,
  content = `model ${version}`,
) {
  const artefacts = [artefact(content)];
  const published = await publishRelease(repository, {
    model,
    version,
    artefacts,
    keys: [keys.family],
    signal,
  });
  await freshen(repository, [keys.online], { signal });
  return published;
}

export async function bytesOf(store: BlobStore, key: string): Promise<Uint8Array> {
  return (await store.read(key, { maxBytes: 5_000_000, signal })).bytes;
}
