import type { z } from "zod";
import type { ConfigurationStatus } from "../../fleet/follow-config.ts";
import { silentModels } from "../../fleet/silent-models.ts";
import type { ConfigurationEntry } from "../../records/configurations.ts";
import type { configurationAnswer, historyAnswer } from "./configuration-schemas.ts";

/** Configurations as the administrators' door shows them. */
export function presentEntry({
  version,
  sha256,
  source,
  actor,
  note,
  createdAt,
}: ConfigurationEntry): z.input<typeof historyAnswer>["versions"][number] {
  return { version, sha256, source, actor, note, created_at: createdAt.toISOString() };
}

export function presentStatus({
  served,
  troubles,
}: ConfigurationStatus): Pick<z.input<typeof configurationAnswer>, "served" | "troubles"> {
  return {
    served: {
      version: served.version,
      sha256: served.sha256,
      since: new Date(served.since).toISOString(),
      waits_for_restart: [...served.waitsForRestart],
      silent_models: silentModels(served),
    },
    troubles: troubles.map(({ of, version, problem, since }) => ({
      of,
      version: version ?? null,
      problem,
      since: new Date(since).toISOString(),
    })),
  };
}
