import type { Log } from "#infra/runtime/log.ts";
import type { Served } from "./raise-fleet.ts";
import { silentModels } from "./silent-models.ts";

/** One line for each configuration that is taken over, louder where somebody should look. */
export function tellServed(served: Served, log: Log): void {
  const { version, sha256, waitsForRestart } = served;
  const facts = { version, sha256, waitsForRestart, silentModels: silentModels(served) };
  if (waitsForRestart.length > 0)
    log.warn(facts, "another configuration is served, but some of it waits for a restart");
  else if (facts.silentModels.length > 0)
    log.warn(facts, "another configuration is served, and for some of its models nobody answers");
  else log.info(facts, "another configuration is served");
}
