import type { Query } from "#infra/runtime/postgres/database.ts";
import {
  newestConfiguration,
  type PublishedConfiguration,
  readConfiguration,
  unknownVersion,
} from "./configurations.ts";
import { lineDiff } from "./line-diff.ts";

export type DiffedVersions = {
  /** The one before `to`, if none is named. */
  readonly from?: number | undefined;
  /** The newest, if none is named. */
  readonly to?: number | undefined;
};

type Options = { readonly signal?: AbortSignal };

/** How one version of the configuration became another; before the first one there was nothing. */
export async function diffOfVersions(
  query: Query,
  { from, to }: DiffedVersions,
  options: Options = {},
): Promise<string> {
  const later =
    to === undefined
      ? await newestConfiguration(query, 0, options)
      : await readConfiguration(query, to, options);
  if (!later) throw unknownVersion(to ?? 1);
  const wanted = from ?? later.version - 1;
  const earlier = await readConfiguration(query, wanted, options);
  if (!earlier && from !== undefined) throw unknownVersion(wanted);
  return lineDiff(named(earlier), named(later));
}

function named(published: PublishedConfiguration | undefined): {
  readonly name: string;
  readonly text: string;
} {
  if (!published) return { name: "nothing", text: "" };
  return { name: `version ${published.version}`, text: published.text };
}
