import type { ModelInfo } from "#inference/contract.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Comparer } from "../agreement/compare.ts";
import type { DriftWatch } from "../agreement/drift-watch.ts";
import type { Peer, Sample, Sampler } from "../agreement/sampler.ts";
import { Standing } from "../dispatch/standing.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Backend, Fleet, Route } from "../fleet/snapshot.ts";
import type { AnsweredImage } from "./answered-image.ts";
import { type AskBesideDeps, askBeside } from "./ask-beside.ts";
import { hasRoom, thoughtUsd } from "./pick-second.ts";
import type { ShadowModels } from "./shadow-models.ts";
import { purseOf, type TrialPlan } from "./trial-plan.ts";
import type { WaitingRoom } from "./waiting-room.ts";

export type MirrorDeps = AskBesideDeps & {
  readonly fleet: () => Fleet;
  readonly planOf: (route: Route) => TrialPlan | undefined;
  readonly directory: Pick<Directory, "find">;
  readonly shadows: Pick<ShadowModels, "find">;
  readonly watch: Pick<DriftWatch, "samples">;
  readonly sampler: Pick<Sampler, "pick" | "spentInHour">;
  readonly compare: Comparer["compare"];
  readonly room: WaitingRoom;
  /** How many share a route's budget. */
  readonly gateways?: () => number;
  readonly chance: Chance;
};

type StandingOf = (backend: Backend, route: Route) => Standing;

/** Sends a share of what a route was asked to whoever gets copies there; its answers are compared and thrown away. */
export function createMirror(deps: MirrorDeps): (image: AnsweredImage) => void {
  const { chance, room } = deps;
  const standingOf = rememberStandings(chance);
  return (image) => {
    const { route, bytes } = image;
    const { share = 0 } = route.rules.shadow ?? {};
    if (share === 0 || chance.number() >= share || bytes > room.mostBytes) return;
    room.enter(bytes, (leave) => {
      if (!mirror(image, { standingOf, leave }, deps)) leave();
    });
  };
}

/** As many names are remembered beyond the configuration that had them. */
const mostNames = 1_000;

/** In no pool, since nobody chooses them; what one has cost stays when its configuration is replaced. */
function rememberStandings(chance: Chance): StandingOf {
  const known = new WeakMap<Backend, Standing>();
  const byName = new Map<string, Standing>();
  return (backend, { pool }) => {
    const { name, terms } = backend;
    const there = known.get(backend);
    if (there) return there;
    const before = byName.get(name);
    const standing = new Standing(name, terms, { eject: pool.terms.eject, chance, before });
    known.set(backend, standing);
    byName.delete(name);
    byName.set(name, standing);
    for (const oldest of byName.keys()) if (byName.size > mostNames) byName.delete(oldest);
    return standing;
  };
}

type Mirroring = { readonly standingOf: StandingOf; readonly leave: () => void };

function mirror(image: AnsweredImage, { standingOf, leave }: Mirroring, deps: MirrorDeps): boolean {
  const { route, model: answered } = image;
  // Who asked for an old version is no judge of what has the newest.
  if (deps.directory.find(image.backend, route.model)?.version !== answered.version) return false;
  const affordable = route.shadows.filter((backend) => isAffordable(image, backend, { standingOf }, deps));
  const able = ableShadows(route, affordable, deps);
  const peers = able.flatMap(({ backend }) => peerOf(image, backend, standingOf(backend, route), deps));
  const sample = pick(image, peers, deps);
  const asked = able.find(({ backend }) => backend.name === sample?.backend);
  if (!sample || !asked) return false;
  const standing = standingOf(asked.backend, route);
  const { ask, costOf } = askBeside({ what: "shadow", image, ...asked, standing, sample }, deps);
  return deps.compare({
    model: { name: route.model, task: answered.task },
    backend: image.backend.name,
    first: image.answer,
    options: image.options,
    sample,
    ask: (signal) => ask(signal).finally(leave),
    costOf,
    minimum: deps.planOf(route)?.minimum ?? 1,
    candidate: sample.backend,
  });
}

type Able = { readonly backend: Backend; readonly model: ModelInfo };

/** Who has had its money is not asked what it has either: a question may keep an instance awake. */
function isAffordable(
  image: AnsweredImage,
  backend: Backend,
  { standingOf }: Pick<Mirroring, "standingOf">,
  deps: MirrorDeps,
): boolean {
  const { route } = image;
  const spent = deps.sampler.spentInHour(purseOf(route, deps.fleet()), "shadow");
  const [peer] = peerOf(image, backend, standingOf(backend, route), deps);
  return peer !== undefined && spent + peer.usd <= usdPerHourOf(route, deps);
}

function ableShadows({ model: name }: Route, shadows: readonly Backend[], deps: MirrorDeps): readonly Able[] {
  return shadows.flatMap((backend) => {
    const model = deps.shadows.find(backend, name, deps.now());
    return model ? { backend, model } : [];
  });
}

function peerOf(
  { route, backend: first, bytes }: AnsweredImage,
  { name }: Backend,
  standing: Standing,
  deps: MirrorDeps,
): Peer[] {
  const now = deps.now();
  if (!hasRoom(standing, now)) return [];
  const usd = thoughtUsd(standing, { bytes, ms: standing.terms.prior?.baseMs ?? usualMs, now });
  if (!standing.spending.has(usd, now)) return [];
  return [{ backend: name, usd, samples: deps.watch.samples(route.model, first.name, name) }];
}

/** What one that says nothing of its speed is thought to need. */
const usualMs = 100;

function pick(
  { route, backend, bytes }: AnsweredImage,
  peers: readonly Peer[],
  deps: MirrorDeps,
): Sample | undefined {
  const terms = { usdPerHour: usdPerHourOf(route, deps), mostBytes: Number.POSITIVE_INFINITY };
  const purse = purseOf(route, deps.fleet());
  const facts = { route: purse, first: backend.name, peers, bytes, isSaturated: false };
  return deps.sampler.pick(facts, { what: "shadow", share: 1, ...terms });
}

/** This gateway's part. */
function usdPerHourOf({ rules }: Route, { gateways }: MirrorDeps): number {
  return (rules.shadow?.usdPerHour ?? 0) / Math.max(1, gateways?.() ?? 1);
}
