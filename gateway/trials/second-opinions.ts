import type { Chance } from "#infra/runtime/chance.ts";
import type { Comparer } from "../agreement/compare.ts";
import type { DriftWatch } from "../agreement/drift-watch.ts";
import type { Sample, Sampler } from "../agreement/sampler.ts";
import type { Lane } from "../dispatch/pool.ts";
import type { Fleet, Route } from "../fleet/snapshot.ts";
import type { AnsweredImage } from "./answered-image.ts";
import { type AskBesideDeps, askBeside } from "./ask-beside.ts";
import { isSaturated, peersOf, shareAnsweredTwice } from "./pick-second.ts";
import { purseOf, type TrialPlan } from "./trial-plan.ts";
import type { WaitingRoom } from "./waiting-room.ts";

export type SecondOpinionsDeps = AskBesideDeps & {
  readonly fleet: () => Fleet;
  readonly planOf: (route: Route) => TrialPlan | undefined;
  readonly watch: Pick<DriftWatch, "samples" | "standing">;
  readonly sampler: Pick<Sampler, "pick">;
  readonly compare: Comparer["compare"];
  readonly room: WaitingRoom;
  readonly chance: Chance;
};

/** Larger images are not sent twice, where the route says nothing of it. */
const usualBytes = 1_048_576;

/** Of some images that were answered, has another backend of the route answer them too. */
export function createSecondOpinions(deps: SecondOpinionsDeps): (image: AnsweredImage) => void {
  const { chance, room, watch } = deps;
  return (image) => {
    const { route, lane, bytes } = image;
    // Drawn first, since all that follows looks at each of the route's lanes.
    const share = shareAnsweredTwice(route, lane);
    if (share === 0 || chance.number() >= share) return;
    if (bytes > Math.min(room.mostBytes, route.pool.terms.hedge?.mostBytes ?? usualBytes)) return;
    const { state, blamed } = watch.standing(route.model, lane.standing.name);
    seek(image, deps, { mayGoOn: true, isDoubted: state === "drifts" && !blamed });
  };
}

type Seeking = {
  /** Whether a third one may be asked after the second one. */
  readonly mayGoOn: boolean;
  /** Whoever answered is not like the others, and it is not clear that this is its own fault. */
  readonly isDoubted: boolean;
  /** The only ones that are of interest. */
  readonly among?: readonly string[];
};

function seek(image: AnsweredImage, deps: SecondOpinionsDeps, seeking: Seeking): void {
  deps.room.enter(image.bytes, (leave) => {
    const sample = pick(image, deps, seeking);
    const other = sample && image.route.pool.lanes.find(({ standing }) => standing.name === sample.backend);
    if (!sample || !other || !begin(image, { sample, other, leave, ...seeking }, deps)) leave();
  });
}

function pick(image: AnsweredImage, deps: SecondOpinionsDeps, { among }: Seeking): Sample | undefined {
  const { route, backend, bytes } = image;
  const now = deps.now();
  const peers = peersOf(image, { watch: deps.watch, now });
  const facts = {
    route: purseOf(route, deps.fleet()),
    first: backend.name,
    peers: among ? peers.filter((peer) => among.includes(peer.backend)) : peers,
    bytes,
    isSaturated: isSaturated(route.pool, now),
  };
  const bounds = { share: 1, usdPerHour: Number.POSITIVE_INFINITY, mostBytes: Number.POSITIVE_INFINITY };
  return deps.sampler.pick(facts, { what: "agreement", ...bounds });
}

type Begun = Seeking & { readonly sample: Sample; readonly other: Lane; readonly leave: () => void };

function begin(image: AnsweredImage, begun: Begun, deps: SecondOpinionsDeps): boolean {
  const { route, lane, backend } = image;
  const { sample, other, leave } = begun;
  const [asked, model] = [route.backends[other.place], image.models[other.place]];
  if (!asked || !model) return false;
  const { standing } = other;
  const beside = askBeside({ what: "agreement", image, backend: asked, model, standing, sample }, deps);
  const candidate = [lane, other].find(({ canary }) => canary > 0)?.standing.name;
  const ask = async (signal: AbortSignal): Promise<AnsweredImage["answer"]> => {
    const answer = await beside.ask(signal);
    const told = { ...image, lane: other, backend: asked, model, answer };
    goOn(told, backend.name, begun, deps);
    return answer;
  };
  return deps.compare({
    model: { name: route.model, task: image.model.task },
    ...{ backend: backend.name, first: image.answer, options: image.options, sample },
    ask: (signal) => ask(signal).finally(leave),
    costOf: beside.costOf,
    minimum: deps.planOf(route)?.minimum ?? 1,
    ...(candidate !== undefined && { candidate }),
  });
}

/**
 * Some of those who differ are never asked about the same images by chance alone: where one backend answers all requests,
 * the others are held against it and not against each other, so that nobody could tell who is wrong, nor see that one is
 * well again. So the second one's answer is then held against a third one's.
 */
function goOn(
  image: AnsweredImage,
  first: string,
  { mayGoOn, isDoubted }: Seeking,
  deps: SecondOpinionsDeps,
): void {
  if (!mayGoOn) return;
  const { state, against } = deps.watch.standing(image.route.model, image.backend.name);
  const others = state === "drifts" ? against.filter((name) => name !== first) : [];
  if (others.length > 0) seek(image, deps, { mayGoOn: false, isDoubted: false, among: others });
  else if (isDoubted) seek(image, deps, { mayGoOn: false, isDoubted: false });
}
