import type { ModelSettings, VersionPolicy } from "#inference/models/model-settings.ts";
import { byVersion } from "./model-name.ts";

/** One version as it would be, or was, opened: files and settings together are its revision. */
export type Revision = { readonly version: string; readonly revision: string };

export type VersionsSeen = {
  readonly policy: VersionPolicy;
  /** What the source has. */
  readonly offered: readonly Revision[];
  readonly loaded: readonly Revision[];
  /** What failed for good: it is not tried again before it changes. */
  readonly refused: readonly Revision[];
};

export type VersionPlan = {
  /** Highest first, because it is what most callers ask for. */
  readonly open: readonly Revision[];
  /** To be closed once all that is to be opened is open, and not before. */
  readonly close: readonly string[];
  /** Asked for by the policy and not in the source. */
  readonly missing: readonly string[];
};

/** What to open and what to close; as long as something wanted cannot be had, nothing that serves is taken away. */
export function planVersions({ policy, offered, loaded, refused }: VersionsSeen): VersionPlan {
  const [has, given, tried] = [byNumber(loaded), byNumber(offered), byNumber(refused)];
  const wanted = choose(policy, offered);
  const absent = wanted.filter(({ version, revision }) => has.get(version) !== revision);
  const open = absent.filter(({ version, revision }) => tried.get(version) !== revision);
  const missing = policy.kind === "specific" ? policy.versions.filter((version) => !given.has(version)) : [];
  const complete = open.length === absent.length && missing.length === 0;
  const stays = byNumber(wanted);
  return {
    open: open.sort((one, other) => byVersion(other.version, one.version)),
    close: complete ? [...has.keys()].filter((version) => !stays.has(version)) : [],
    missing,
  };
}

/** Changes with whatever a version was opened with; which other versions there are is no part of it. */
export function revisionOf(settings: ModelSettings, version: string, stamp: string): string {
  const { versionPolicy: _, pins, ...rest } = settings;
  return JSON.stringify([stamp, rest, Object.hasOwn(pins, version) ? pins[version] : undefined]);
}

function choose(policy: VersionPolicy, offered: readonly Revision[]): readonly Revision[] {
  if (policy.kind === "all") return offered;
  if (policy.kind === "latest") {
    return [...offered].sort((one, other) => byVersion(other.version, one.version)).slice(0, policy.count);
  }
  const versions = new Set(policy.versions);
  return offered.filter(({ version }) => versions.has(version));
}

function byNumber(revisions: readonly Revision[]): Map<string, string> {
  return new Map(revisions.map(({ version, revision }) => [version, revision]));
}
