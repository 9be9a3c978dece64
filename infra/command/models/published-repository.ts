import { parseConfig } from "#gateway/config.ts";
import { newestConfiguration } from "#gateway/records/configurations.ts";
import type { Query } from "#infra/runtime/postgres/database.ts";

/**
 * Where the gateways of these records have the signed repository; undefined where no configuration was published, or none
 * with devices. A folder is named from where the command is given, so on another machine nothing may lie there.
 */
export async function publishedRepository(
  query: Query,
  options: { readonly signal?: AbortSignal },
): Promise<string | undefined> {
  const newest = await newestConfiguration(query, 0, options);
  return newest && parseConfig(newest.text, { file: `version ${newest.version}` }).edge?.repository;
}
