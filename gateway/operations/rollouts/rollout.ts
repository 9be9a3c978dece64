import { z } from "zod";

/**
 * The steps of a rollout, at one provider after the other. Each is written before what it does is done, and what it does
 * may be done twice, so that whoever leads next goes on from what is written.
 *
 *   deploy ▶ stand ▶ share ▶ measure ──┬─▶ promote ▶ verify ▶ retire ▶ the next provider's deploy, or done
 *                      ▲── next share ─┘
 *   from any of them ▶ withdraw ▶ undo ▶ settle ▶ the undo of the provider before, or rolled back
 */
export const rolloutSteps = [
  "deploy",
  "stand",
  "share",
  "measure",
  "promote",
  "verify",
  "retire",
  "withdraw",
  "undo",
  "settle",
  "done",
  "rolled back",
] as const;

export type RolloutStep = (typeof rolloutSteps)[number];

/** What is to run, where, and how carefully; as it was when the rollout was started. */
export type Wanted = {
  /** By its digest; of providers that have a registry of their own, under their name. */
  readonly image: string;
  readonly images: Readonly<Record<string, string>>;
  /** Where the backends find their models; null: as before. */
  readonly models: string | null;
  /** In the order in which they get it. */
  readonly providers: readonly string[];
  /** Of the requests of each provider's routes, one after the other. */
  readonly shares: readonly number[];
  readonly patienceMs: number;
  readonly bakeMs: number;
  readonly readyMs: number;
};

export type RolloutState = {
  /** Of the provider in hand, among those wanted. */
  readonly place: number;
  readonly step: RolloutStep;
  /** Which one of the shares the candidate has, or is to get. */
  readonly share: number;
  /** Since when it is at this step, in milliseconds since 1970. */
  readonly since: number;
  /** When somebody looked last, about; undefined before the first look. */
  readonly seenAt?: number | undefined;
  /** What it waits for, in words; empty where it waits for nothing. */
  readonly waiting: string;
  /** Why it goes back; empty while it goes on. */
  readonly back: string;
  /** What each provider's platform calls the candidate. */
  readonly revisions: Readonly<Record<string, string>>;
  readonly history: readonly Passage[];
};

/** A step that was entered. */
export type Passage = {
  readonly at: number;
  readonly provider: string;
  readonly step: RolloutStep;
  /** Of the requests, where the step is about one. */
  readonly share: number | null;
  readonly why: string;
};

export type Wish = "promote" | "rollback";

export type Rollout = {
  readonly id: string;
  readonly wanted: Wanted;
  readonly state: RolloutState;
  readonly wish: { readonly kind: Wish; readonly by: string } | undefined;
  readonly actor: string;
  readonly note: string;
  readonly createdAt: Date;
  readonly outcome: "done" | "rolled back" | undefined;
  readonly endedAt: Date | undefined;
};

export function providerInHand({ wanted, state }: Pick<Rollout, "wanted" | "state">): string {
  return wanted.providers[state.place] ?? "";
}

/** As a configuration declares what stands beside a provider. */
export function candidateOf(provider: string): string {
  return `${provider}-candidate`;
}

const text = z.string().max(2_000);
const count = z.int().min(0).max(1_000);
const ms = z.number().min(0);
const byProvider = z.record(z.string().max(64), text);
const step = z.enum(rolloutSteps);

export const wantedSchema = z.strictObject({
  image: text,
  images: byProvider,
  models: text.nullable(),
  providers: z.array(z.string().max(64)).min(1).max(100),
  shares: z.array(z.number().gt(0).lt(1)).min(1).max(20),
  patienceMs: ms,
  bakeMs: ms,
  readyMs: ms,
});

export const stateSchema = z.strictObject({
  place: count,
  step,
  share: count,
  since: ms,
  seenAt: ms.optional(),
  waiting: text,
  back: text,
  revisions: byProvider,
  history: z
    .array(
      z.strictObject({ at: ms, provider: z.string().max(64), step, share: z.number().nullable(), why: text }),
    )
    .max(5_000),
});
