import type { Standing } from "../standing.ts";
import type { Told, ToldStanding } from "./told.ts";

/** Of each backend, until when others have seen it awake, and when this gateway last heard how much of it. */
export type HeardOfWarmth = Pick<WeakMap<Standing, WarmthHeard>, "get">;

type WarmthHeard = { readonly awakeUntil: number; readonly mostAt: number | undefined };

/** What others have told, until it is too old. */
export type HeardStandings = {
  readonly warmth: HeardOfWarmth;
  /** What lies there now; words that were heard before say nothing new. */
  readonly hear: (words: readonly Told[], heardAll: boolean, now: number) => void;
  /** Tells each standing what all others have there. */
  readonly sumInFlight: (gateways: number, now: number) => void;
  /** How many others have told something lately. */
  readonly tellers: (now: number) => number;
};

type Heard = {
  readonly told: Told;
  /** When these words were heard first, and last. */
  readonly at: number;
  readonly seenAt: number;
  /** False once its words are gone. */
  readonly isThere: boolean;
};

/** Who tells once a second and was silent for so long is gone, or away. */
const freshMs = 2_500;

/** Words that are gone for so long may be heard anew. */
const rememberedMs = 10_000;

export function createHeardStandings(standings: () => readonly Standing[]): HeardStandings {
  const heard = new Map<string, Heard>();
  const warmth = new WeakMap<Standing, WarmthHeard>();
  const fresh = (now: number): Told[] =>
    [...heard.values()].flatMap(({ told, at, isThere }) => (isThere && now - at < freshMs ? [told] : []));
  const hearWords = (told: Told, now: number): void => {
    const before = heard.get(told.id);
    const isNews = before?.told.turn !== told.turn;
    heard.set(told.id, { told, at: isNews ? now : before.at, seenAt: now, isThere: true });
    if (!isNews) return;
    for (const standing of standings()) {
      const news = told.backends.get(standing.name);
      if (news) hearOne(standing, news, { before: before?.told, warmth, now });
    }
  };
  return {
    warmth,
    hear: (words, heardAll, now) => {
      for (const [id, one] of heard) {
        if (now - one.seenAt >= rememberedMs) heard.delete(id);
        else if (heardAll) heard.set(id, { ...one, isThere: false });
      }
      for (const told of words) hearWords(told, now);
    },
    sumInFlight: (gateways, now) => {
      const tellers = fresh(now);
      if (tellers.length === 0) return;
      // Of more gateways than are heard, the others are taken to be like these.
      const scale = Math.max(1, (gateways - 1) / tellers.length);
      for (const standing of standings()) {
        let inFlight = 0;
        for (const { backends } of tellers) inFlight += backends.get(standing.name)?.inFlight ?? 0;
        standing.heardRemote(inFlight * scale, now);
      }
    },
    tellers: (now) => fresh(now).length,
  };
}

type Hearing = {
  readonly before: Told | undefined;
  readonly warmth: WeakMap<Standing, WarmthHeard>;
  readonly now: number;
};

function hearOne(standing: Standing, told: ToldStanding, { before, warmth, now }: Hearing): void {
  const isNews = before?.backends.get(standing.name)?.news !== told.news;
  if (told.restsMs > 0 && isNews) standing.breaker.rumour(now);
  if (!standing.warmth.sleeps || told.awakeMs <= 0) return;
  const { idleMs, mostInFlight } = standing.terms;
  const awakeUntil = now + Math.min(told.awakeMs, idleMs);
  const most = Math.min(told.most, mostInFlight);
  const heardBefore = warmth.get(standing);
  const isMore = most > standing.warmth.most(now);
  standing.warmth.heard(awakeUntil, most, now);
  warmth.set(standing, {
    awakeUntil: Math.max(awakeUntil, heardBefore?.awakeUntil ?? 0),
    mostAt: isMore ? now : heardBefore?.mostAt,
  });
}
