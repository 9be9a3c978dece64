import { refuseUnsigned } from "#gateway/devices/refuse-unsigned.ts";
import { openFamily } from "#gateway/repository/change-family.ts";
import { knownReleases } from "#gateway/repository/known-releases.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Query } from "#infra/runtime/postgres/database.ts";
import type { Operator } from "../operate/operator.ts";
import { publishedRepository } from "./published-repository.ts";

export type Wanted = {
  readonly model: string;
  readonly release: number;
  /** The gateways' own where none is named, if this machine reaches it. */
  readonly store: string | undefined;
};

/** Refuses a release that is not in the signed repository; where nobody can look, it is said that nobody did. */
export async function refuseUnpublished(wanted: Wanted, query: Query, operator: Operator): Promise<void> {
  const { store, model } = wanted;
  if (store !== undefined) return await look(store, wanted, operator);
  try {
    const url = await publishedRepository(query, operator);
    if (url !== undefined) return await look(url, wanted, operator);
    operator.tell(`${unseen}: no configuration with \`edge:\` is published. ${remedy}`);
  } catch (thrown) {
    const error = asTradewindError(thrown);
    if (telling.has(error.code)) throw error;
    operator.tell(`${unseen} of ${model}: ${error.message}. ${remedy}`);
  }
}

const unseen = "nobody looked whether there is such a release";
const remedy = "--store URL says where the repository is";

/** These come of the release that was named, all others of the way to the repository. */
const telling: ReadonlySet<string> = new Set(["model_unknown", "version_unknown", "parameter_invalid"]);

async function look(url: string, { model, release }: Wanted, { clock, signal }: Operator): Promise<void> {
  await using store = await openBlobs(url);
  // What was signed a moment ago counts, also before a gateway has named it.
  const { contents } = await openFamily({ store, clock }, { model, signal });
  refuseUnsigned(knownReleases({ families: [{ model, contents }] }), { model, release });
}
