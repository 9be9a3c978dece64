import { hash } from "node:crypto";
import type { Clock } from "#infra/runtime/clock.ts";

/** Things known of tokens for a while, without keeping the tokens: a memory dump shows nobody's. */
export type TokenMemory<Value> = {
  readonly recall: (token: string) => Value | undefined;
  /** `until` is a time of the clock's `now`. */
  readonly remember: (token: string, value: Value, until: number) => void;
};

type Remembered<Value> = { readonly value: Value; readonly until: number };

/** At most so many, the least recently used going first. */
export function createTokenMemory<Value>({
  clock,
  most = 10_000,
}: {
  readonly clock: Clock;
  readonly most?: number;
}): TokenMemory<Value> {
  /** In order of use. */
  const entries = new Map<string, Remembered<Value>>();
  return {
    recall: (token) => {
      const name = nameOf(token);
      const entry = entries.get(name);
      if (!entry) return undefined;
      entries.delete(name);
      if (entry.until <= clock.now()) return undefined;
      entries.set(name, entry);
      return entry.value;
    },
    remember: (token, value, until) => {
      if (until <= clock.now()) return;
      const name = nameOf(token);
      entries.delete(name);
      entries.set(name, { value, until });
      const oldest = entries.keys().next();
      if (entries.size > most && !oldest.done) entries.delete(oldest.value);
    },
  };
}

function nameOf(token: string): string {
  return hash("sha256", token, "base64");
}
