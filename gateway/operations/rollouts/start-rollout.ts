import { capabilitiesOf } from "#adapters/registry.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type Config, parseConfig } from "../../config.ts";
import type { Actor } from "../../records/actor.ts";
import { newestConfiguration } from "../../records/configurations.ts";
import { insertRollout } from "../../records/rollouts.ts";
import { routesWith } from "./candidate-in-config.ts";
import { candidateOf, type Rollout, type Wanted } from "./rollout.ts";

export type RolloutAsk = {
  readonly actor: Actor;
  /** By its digest, `name@sha256:...`. */
  readonly image: string;
  /** Of providers that have a registry of their own. */
  readonly images?: Readonly<Record<string, string>>;
  /** Where the backends find their models; undefined: as before. */
  readonly models?: string | undefined;
  /** All that can be given something new and have a route, unless said. */
  readonly providers?: readonly string[] | undefined;
  /** Made up unless said: letters, digits and dashes, 20 at most. */
  readonly id?: string | undefined;
  readonly note?: string | undefined;
};

export type StartDeps = { readonly clock: Clock; readonly chance: Chance };

/** Writes down what is to run where, after it was checked that it can; whoever leads the fleet does it. */
export async function startRollout(
  database: Database,
  ask: RolloutAsk,
  { clock, chance }: StartDeps,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Rollout> {
  const newest = await newestConfiguration(database.query, 0, options);
  if (!newest) throw new TradewindError("record_unknown", "no configuration was published yet");
  const config = parseConfig(newest.text, { file: `version ${newest.version}` });
  const wanted = wantedBy(ask, config);
  const { id = madeUp(chance), actor, note = "" } = ask;
  if (!/^[A-Za-z0-9-]{1,20}$/.test(id))
    throw wrong(`"${id.slice(0, 40)}" is no id of a rollout: letters, digits and dashes, 20 at most`);
  const at = clock.now();
  const provider = wanted.providers[0] ?? "";
  const first = { at, provider, step: "deploy", share: null, why: `${actor.id} wants it` } as const;
  const state = { place: 0, step: "deploy", share: 0, since: at, waiting: "", back: "" } as const;
  const check = (active: readonly Rollout[]): void => {
    refuseBeside(active, wanted, config);
    for (const one of wanted.providers) refuseImpossible(one, config);
  };
  const begun = { ...state, revisions: {}, history: [first] };
  return await insertRollout(database, { id, wanted, state: begun, actor, note, check }, options);
}

function wantedBy(ask: RolloutAsk, config: Config): Wanted {
  const { image, images = {}, models = null } = ask;
  for (const one of [image, ...Object.values(images)]) refuseTag(one);
  const { rollout } = config.fleet;
  const providers = inOrder(ask.providers ?? deployable(config), config);
  if (providers.length === 0) throw wrong("no provider that can be given another image has a route");
  const [stranger] = Object.keys(images).filter((name) => !providers.includes(name));
  if (stranger !== undefined) throw wrong(`there is an image for "${stranger}", which gets none`);
  const shares = rollout.steps.filter((share) => share > 0 && share < 1);
  if (shares.length === 0) throw wrong("fleet.rollout.steps has no share between 0% and 100%");
  const { patience: patienceMs, bake: bakeMs, ready: readyMs } = rollout;
  return { image, images, models, providers, shares, patienceMs, bakeMs, readyMs };
}

function refuseTag(image: string): void {
  if (/^[^\s@]{1,1000}@sha256:[0-9a-f]{64}$/.test(image)) return;
  throw wrong(`"${image.slice(0, 80)}" is no image by its digest: expected name@sha256:...`);
}

function deployable(config: Config): readonly string[] {
  return Object.entries(config.providers).flatMap(([name, settings]) => {
    const isCandidate = "revision" in settings && settings.revision === "candidate";
    const isWanted = !isCandidate && capabilitiesOf(settings).deploy && routesWith(config, name).length > 0;
    return isWanted ? [name] : [];
  });
}

/** As the configuration says, and the others as they are declared. */
function inOrder(names: readonly string[], { fleet, providers }: Config): readonly string[] {
  const order = [...fleet.rollout.order, ...Object.keys(providers)];
  const placeOf = (name: string): number => order.indexOf(name);
  return [...new Set(names)].toSorted((one, other) => placeOf(one) - placeOf(other));
}

function refuseImpossible(provider: string, config: Config): void {
  const settings = config.providers[provider];
  if (!settings) throw wrong(`provider "${provider}" is not declared under providers`);
  if ("revision" in settings && settings.revision === "candidate")
    throw wrong(`"${provider}" is a candidate itself: name the provider that it stands beside`);
  if (!capabilitiesOf(settings).deploy)
    throw new TradewindError(
      "provider_unsupported",
      `"${provider}" cannot have something new beside what answers there`,
    );
  const candidate = candidateOf(provider);
  if (candidate.length > 64)
    throw wrong(`the name "${candidate}" is too long for a provider: 64 letters at most`);
  if (Object.hasOwn(config.providers, candidate))
    throw wrong(`"${candidate}" is declared already: take it out of the configuration first`);
  const routes = routesWith(config, provider);
  if (routes.length === 0)
    throw wrong(`"${provider}" is in no route, so nothing could be measured of something new`);
  const taken = routes.find(({ canary }) => canary);
  if (taken)
    throw wrong(`${taken.models[0]} has the canary "${taken.canary?.provider}": shift that one away first`);
}

/** Two at one provider would undo each other, and a route has one canary. */
function refuseBeside(active: readonly Rollout[], { providers }: Wanted, config: Config): void {
  const routes = new Set(providers.flatMap((name) => routesWith(config, name)));
  for (const { id, wanted } of active) {
    const shared = wanted.providers.find(
      (name) => providers.includes(name) || routesWith(config, name).some((route) => routes.has(route)),
    );
    if (shared === undefined) continue;
    const hint = "wait for its end, or tradewind rollback takes it back";
    throw new TradewindError("record_exists", `rollout ${id} is on its way to ${shared}`, { hint });
  }
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyz";

function madeUp(chance: Chance): string {
  return `r-${[...chance.bytes(10)].map((byte) => letters[byte % letters.length]).join("")}`;
}

function wrong(message: string): TradewindError {
  return new TradewindError("parameter_invalid", message);
}
