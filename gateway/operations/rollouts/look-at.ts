import type { ProviderStatus } from "#adapters/control.ts";
import { capabilitiesOf } from "#adapters/registry.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type Config, parseConfig } from "../../config.ts";
import { newestConfiguration } from "../../records/configurations.ts";
import { freezeOf, frozenInWords, lastThaw, readFreezes } from "../../records/freezes.ts";
import { trialsInPostgres } from "../../records/trials.ts";
import { withinTime } from "../within-time.ts";
import { judgeCandidate } from "./gate.ts";
import { type Gate, type Sight, shareOf } from "./plan-rollout.ts";
import { providerInHand, type Rollout, type RolloutStep } from "./rollout.ts";
import type { RolloutDeps } from "./rollout-deps.ts";

/** Everything that a next step depends on; only what the step in hand needs is asked for. */
export async function lookAt(rollout: Rollout, deps: RolloutDeps): Promise<Sight> {
  const { database, leading, clock } = deps;
  const reading = { signal: leading.signal };
  const provider = providerInHand(rollout);
  const freezes = await readFreezes(database.query, reading);
  const frozen = freezeOf(freezes, provider);
  const config = await readNewest(database, reading);
  const status = waitsForPlatform.has(rollout.state.step) ? await readStatus(rollout, deps) : undefined;
  return {
    now: clock.now(),
    frozen: frozen && frozenInWords(frozen),
    thawedAt: lastThaw(freezes, provider),
    status,
    promoteMs: promoteMsOf(provider, config, deps),
    // A configuration that cannot be read declares nothing anew, and takes nothing away.
    isDeclared: config === undefined || Object.hasOwn(config.providers, provider),
    gate: await readGate(rollout, config, deps),
  };
}

async function readNewest(
  database: Database,
  reading: { readonly signal: AbortSignal },
): Promise<Config | undefined> {
  const newest = await newestConfiguration(database.query, 0, reading);
  try {
    return newest && parseConfig(newest.text, { file: `version ${newest.version}` });
  } catch {
    return undefined;
  }
}

/** Of who is open as it was opened, since that was told how to promote. */
function promoteMsOf(provider: string, config: Config | undefined, { controlOf }: RolloutDeps): number {
  const settings = config?.providers[provider];
  const capabilities = controlOf(provider)?.capabilities ?? (settings && capabilitiesOf(settings));
  return capabilities?.promoteMs ?? 0;
}

/** A verdict holds over all looks together, and whoever leads looks about so often. */
const lookMs = 3_000;
const leastLooks = 20;

async function readGate(rollout: Rollout, config: Config | undefined, deps: RolloutDeps): Promise<Gate> {
  if (rollout.state.step !== "measure") return { verdict: "inconclusive", why: "nothing is measured yet" };
  if (!config) return { verdict: "inconclusive", why: "the configuration cannot be read" };
  const findings = await trialsInPostgres(deps.database).read({ signal: deps.leading.signal });
  const looks = Math.max(leastLooks, Math.ceil(rollout.wanted.patienceMs / lookMs));
  const onTrial = { provider: providerInHand(rollout), share: shareOf(rollout), looks };
  return judgeCandidate(config, onTrial, findings);
}

const statusMs = 30_000;

const waitsForPlatform: ReadonlySet<RolloutStep> = new Set(["stand", "measure", "verify", "settle"]);

async function readStatus(rollout: Rollout, deps: RolloutDeps): Promise<ProviderStatus | undefined> {
  const provider = providerInHand(rollout);
  const control = deps.controlOf(provider);
  const { signal } = deps.leading;
  try {
    const within = { signal, ms: statusMs, what: provider };
    return control && (await withinTime(within, (ending) => control.status({ signal: ending })));
  } catch (thrown) {
    signal.throwIfAborted();
    deps.tellTrouble?.(rollout, asTradewindError(thrown));
    return undefined;
  }
}
