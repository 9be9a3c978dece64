import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Log } from "#infra/runtime/log.ts";

/** Why something newer than what is served is not. */
export type Trouble = {
  /** This gateway's own file, or what was published for all. */
  readonly of: "file" | "published";
  /** Of what was published. */
  readonly version?: number;
  readonly problem: string;
  /** In milliseconds since 1970. */
  readonly since: number;
};

export type ConfigTrouble = {
  /** Said once, and again only when it is another trouble. */
  readonly tell: (what: Pick<Trouble, "of" | "version"> & { readonly error: unknown }) => void;
  readonly clear: (of: Trouble["of"]) => void;
  readonly all: () => readonly Trouble[];
};

/** What keeps a gateway from newer configurations; problems name places in a text, and the text itself is never logged. */
export function createConfigTrouble({
  clock,
  log,
}: {
  readonly clock: Clock;
  readonly log: Log;
}): ConfigTrouble {
  const troubles = new Map<Trouble["of"], Trouble>();
  return {
    tell: ({ error, ...what }) => {
      const problem = asTradewindError(error).message;
      const known = troubles.get(what.of);
      if (known?.problem === problem && known.version === what.version) return;
      troubles.set(what.of, { ...what, problem, since: clock.now() });
      log.warn({ ...what, err: error }, "a configuration cannot be served, so the last good one stays");
    },
    clear: (of) => {
      if (troubles.delete(of)) log.info({ of }, "nothing is wrong with the configuration any more");
    },
    all: () => [...troubles.values()],
  };
}
