import type { ProviderSettings } from "#adapters/registry.ts";

export type Refusals = {
  /** The providers to which nothing is sent. */
  readonly names: ReadonlySet<string>;
  /** When the first of them comes back, in milliseconds since 1970; undefined where nobody is refused. */
  readonly until: number | undefined;
};

/** A drill that somebody forgot ends by itself. */
const longestMs = 3_600_000;

/** Who is left out at a moment, by a configuration that began to be served at another. */
export function refusalsOf(
  providers: Readonly<Record<string, Pick<ProviderSettings, "refuseUntil">>>,
  { since, now }: { readonly since: number; readonly now: number },
): Refusals {
  const refused = Object.entries(providers).flatMap(([name, { refuseUntil }]) => {
    const until = refuseUntil === undefined ? now : Math.min(Date.parse(refuseUntil), since + longestMs);
    return until > now ? [{ name, until }] : [];
  });
  return {
    names: new Set(refused.map(({ name }) => name)),
    until: refused.length === 0 ? undefined : Math.min(...refused.map(({ until }) => until)),
  };
}
