import { readText } from "#infra/runtime/config/read-text.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Log } from "#infra/runtime/log.ts";
import { digestOf } from "../records/configurations.ts";
import type { BegunConfiguration } from "./begin-configuration.ts";
import type { ConfigSource } from "./config-source.ts";
import type { ConfigTrouble } from "./config-trouble.ts";
import type { LiveFleet } from "./swap.ts";
import { tellServed } from "./tell-served.ts";

/** It changed, or somebody says so. */
export type HowFound = "file" | "sighup";

export type OwnFile = {
  /** Takes what is in it; what goes wrong is told, never thrown. */
  readonly look: (how: HowFound) => Promise<void>;
  /** What could not be done as long as the database was away. */
  readonly left: () => HowFound | undefined;
};

export type OwnFileOptions = {
  readonly live: LiveFleet;
  readonly source: ConfigSource | undefined;
  readonly file: string;
  readonly begun: BegunConfiguration;
  readonly trouble: ConfigTrouble;
  /** Serves what is published by now. */
  readonly catchUp: () => Promise<void>;
  readonly patienceMs: number;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** This gateway's own file: what it says is served, or published for all where that is possible. */
export function createOwnFile(options: OwnFileOptions): OwnFile {
  const { file, begun, trouble, signal } = options;
  let digest = digestOf(begun.fileText);
  let left: HowFound | undefined;
  const take = takerOf(options);
  return {
    look: async (how) => {
      try {
        const text = await readText(file);
        const isSame = digestOf(text) === digest;
        if (!isSame || how === "sighup") await take(text, { how, isSame });
        digest = digestOf(text);
        left = undefined;
        trouble.clear("file");
      } catch (error) {
        if (signal.aborted) return;
        left = asTradewindError(error).kind.retryable ? how : undefined;
        trouble.tell({ of: "file", error });
      }
    },
    left: () => left,
  };
}

type Take = (text: string, found: { readonly how: HowFound; readonly isSame: boolean }) => Promise<void>;

/**
 * Many gateways have the same file, and some get a new one a minute after the others. One whose text another's file has
 * published lately is such a latecomer: it does not undo what was changed meanwhile. A signal to read a file that did not
 * change is meant: then it counts again.
 */
function takerOf({ live, source, file, begun, catchUp, patienceMs, log, signal }: OwnFileOptions): Take {
  let lookedAt = begun.version;
  if (!source) {
    return async (text) => {
      const before = live.current();
      const served = await live.replace({ text });
      if (served !== before && served.sha256 !== before.sha256) tellServed(served, log);
    };
  }
  return async (text, { how, isSame }) => {
    await live.check(text);
    const unless = isSame ? undefined : { byFileAfter: lookedAt };
    const { entry } = await source.publish(
      { text, source: how, unless },
      AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    );
    lookedAt = entry.version;
    if (entry.sha256 !== digestOf(text))
      log.info(
        { file, version: entry.version },
        "another gateway had this file already: what came after it counts, unless SIGHUP says otherwise",
      );
    await catchUp();
  };
}
