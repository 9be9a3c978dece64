import type { Changing, ProviderControl } from "#adapters/control.ts";
import type { ProviderCall } from "#adapters/hand.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { leadersHand } from "../leaders-hand.ts";
import { withinTime } from "../within-time.ts";
import { withCandidate, withoutCandidate } from "./candidate-in-config.ts";
import { editConfiguration } from "./edit-configuration.ts";
import { type DeedName, shareOf } from "./plan-rollout.ts";
import { providerInHand, type Rollout, type RolloutState } from "./rollout.ts";
import type { RolloutDeps } from "./rollout-deps.ts";

/** What is known of the platforms' names afterwards. */
type Done = Pick<RolloutState, "revisions">;

/** Does what a step is there for; each deed may be done twice. */
export async function carryOut(deed: DeedName, rollout: Rollout, deps: RolloutDeps): Promise<Done> {
  const { revisions } = rollout.state;
  const provider = providerInHand(rollout);
  if (deed === "share") await giveShare(rollout, deps);
  if (deed === "retire" || deed === "withdraw") await takeOut(rollout, deps);
  if (deed === "promote") await promote(rollout, deps);
  if (deed === "undo") await undo(rollout, deps);
  if (deed !== "deploy") return { revisions };
  const { revision } = await deploy(rollout, deps);
  return { revisions: { ...revisions, [provider]: revision.slice(0, 2_000) } };
}

function deploy(rollout: Rollout, deps: RolloutDeps): Promise<{ readonly revision: string }> {
  const { id, wanted } = rollout;
  const { image, images, models } = wanted;
  const deployment = {
    id,
    image: images[providerInHand(rollout)] ?? image,
    ...(models !== null && { models }),
  };
  return change(rollout, deps, (control, changing) => control.deploy(deployment, changing));
}

function promote(rollout: Rollout, deps: RolloutDeps): Promise<void> {
  const revision = rollout.state.revisions[providerInHand(rollout)];
  if (revision === undefined)
    throw new TradewindError("provider_missing", "its platform never said what the candidate is called");
  return change(rollout, deps, (control, changing) => control.promote({ revision }, changing));
}

/** Whoever died before it heard the candidate's name still finds it by the rollout's. */
function undo(rollout: Rollout, deps: RolloutDeps): Promise<void> {
  const provider = providerInHand(rollout);
  return change(rollout, deps, async (control, changing) => {
    const known = rollout.state.revisions[provider];
    const revision = known ?? (await findByDeployment(control, rollout.id, changing));
    if (revision !== undefined) await control.rollback({ revision }, changing);
  });
}

async function findByDeployment(
  control: ProviderControl,
  id: string,
  { signal }: Changing,
): Promise<string | undefined> {
  const { revisions } = await control.status({ signal });
  return revisions.find((one) => one.id === id)?.name;
}

/** Clouds take their time to say that they took something. */
const changeMs = 180_000;

async function change<Answer>(
  rollout: Rollout,
  deps: RolloutDeps,
  work: (control: ProviderControl, changing: Changing) => Promise<Answer>,
): Promise<Answer> {
  const provider = providerInHand(rollout);
  const control = deps.controlOf(provider);
  if (!control) throw new TradewindError("provider_unavailable", `${provider} could not be opened`);
  const within = { signal: deps.leading.signal, ms: changeMs, what: provider };
  const { database, leading, clock, chance, name, tellCall } = deps;
  return await withinTime(within, (signal) => {
    const tell = (call: ProviderCall): void => tellCall?.(provider, call);
    const hand = leadersHand({ database, leading, clock, chance, name, provider, signal, tell });
    return work(control, { hand, signal });
  });
}

function giveShare(rollout: Rollout, deps: RolloutDeps): Promise<void> {
  const asked = { provider: providerInHand(rollout), share: shareOf(rollout) };
  return editConfiguration((text, named) => withCandidate(text, asked, named), editing(rollout, deps));
}

function takeOut(rollout: Rollout, deps: RolloutDeps): Promise<void> {
  const asked = { provider: providerInHand(rollout) };
  return editConfiguration((text, named) => withoutCandidate(text, asked, named), editing(rollout, deps));
}

function editing(rollout: Rollout, deps: RolloutDeps) {
  const note = `rollout ${rollout.id}: ${rollout.state.step} ${providerInHand(rollout)}`;
  return { ...deps, note };
}
