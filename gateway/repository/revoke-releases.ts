import { createHash } from "node:crypto";
import { type Revocations, revocations, revocationsPath } from "#inference/artefacts/artefact.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type FamilyChange, openFamily, type Signed, writeFamily } from "./change-family.ts";
import { writtenFile } from "./lists.ts";
import type { FamilyContents } from "./read-contents.ts";
import type { Repository } from "./repository.ts";
import { targetAddress } from "./target-address.ts";

export type Revoking = FamilyChange & {
  /** One release, or every one below a number. */
  readonly what: { readonly release: number } | { readonly below: number };
};

export type Revoked = {
  readonly revocations: Revocations;
  /** Undefined where it was revoked before. */
  readonly list: Signed | undefined;
};

/** From the next freshening on no device runs it any longer; nothing takes a revocation back. */
export async function revokeReleases(repository: Repository, ask: Revoking): Promise<Revoked> {
  const { model, what, signal } = ask;
  const family = await openFamily(repository, ask);
  const before = family.contents.revocations;
  const next =
    "below" in what ? belowOf(family.contents, what.below) : releaseOf(family.contents, what.release, model);
  if (next === before) return { revocations: before, list: undefined };
  const content = new TextEncoder().encode(JSON.stringify(revocations.parse(next)));
  const sha256 = createHash("sha256").update(content).digest("hex");
  const path = revocationsPath(model);
  await repository.store.write(targetAddress(path, sha256), content, { signal });
  const file = writtenFile({ bytes: content.byteLength, sha256, custom: next });
  const files = new Map([...family.files, [path, file] as const]);
  return { revocations: next, list: await writeFamily(repository, family, { ...ask, files }) };
}

/** Nothing takes it back, so a number that leaves none for releases to come is refused. */
function belowOf({ models, revocations: before }: FamilyContents, below: number): Revocations {
  const highest = Math.max(0, before.below - 1, ...models.map(({ about }) => about.release));
  if (below <= before.below) return before;
  if (below <= highest + mostSkipped) return { ...before, below };
  throw new TradewindError("parameter_invalid", `there is no release anywhere near ${below}`, {
    hint: `all that there are lie below ${highest + 1}`,
  });
}

const mostSkipped = 1_000_000;

function releaseOf(
  { models, revocations: before }: FamilyContents,
  release: number,
  model: string,
): Revocations {
  const its = models.filter(({ about }) => about.release === release).map(({ sha256 }) => sha256);
  if (its.length === 0) throw new TradewindError("version_unknown", `${model} has no release ${release}`);
  const sha256 = [...new Set([...before.sha256, ...its])];
  if (sha256.length === before.sha256.length) return before;
  if (sha256.length <= mostHashes) return { ...before, sha256 };
  throw new TradewindError("signing_refused", `a family's list holds ${mostHashes} revoked files`, {
    hint: "revoke all old releases at once with --below",
  });
}

const mostHashes = 1_000;
