/** What a client asks of the cache by its `Cache-Control`. */
export type CacheWishes = {
  /** Answer anew, whatever is kept. */
  readonly noCache: boolean;
  /** Keep nothing of this. */
  readonly noStore: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeMs?: number;
  /** Infinity where any stale answer will do. */
  readonly maxStaleMs?: number;
  /** For how long the answer has to stay fresh from now on; infinite where nobody can read how long. */
  readonly minFreshMs?: number;
};

type Wishes = { -readonly [Name in keyof CacheWishes]: CacheWishes[Name] };

const noWishes: CacheWishes = Object.freeze({ noCache: false, noStore: false, onlyIfCached: false });

/** RFC 9111 has caches take any larger number for this one. */
const mostSeconds = 2 ** 31;

/** Reads each character once; what it doesn't know or can't read is passed over. */
export function readCacheControl(header: string | undefined): CacheWishes {
  if (header === undefined || header === "") return noWishes;
  const wishes: Wishes = { ...noWishes };
  let start = 0;
  while (start < header.length) {
    const end = endOfDirective(header, start);
    readDirective(header.slice(start, end).trim(), wishes);
    start = end + 1;
  }
  return wishes;
}

/** The next comma that stands in no quotes; quotes that never close hide all that follows. */
function endOfDirective(header: string, start: number): number {
  let quoted = false;
  for (let place = start; place < header.length; place += 1) {
    const character = header[place];
    if (character === '"') quoted = !quoted;
    else if (character === "\\" && quoted) place += 1;
    else if (character === "," && !quoted) return place;
  }
  return header.length;
}

function readDirective(directive: string, wishes: Wishes): void {
  const equals = directive.indexOf("=");
  const name = (equals < 0 ? directive : directive.slice(0, equals)).trimEnd().toLowerCase();
  const value = equals < 0 ? undefined : directive.slice(equals + 1).trimStart();
  switch (name) {
    case "no-cache":
      wishes.noCache = true;
      return;
    case "no-store":
      wishes.noStore = true;
      return;
    case "only-if-cached":
      wishes.onlyIfCached = true;
      return;
    case "max-age":
      wishes.maxAgeMs = Math.min(wishes.maxAgeMs ?? Infinity, readMs(value) ?? 0);
      return;
    case "min-fresh":
      wishes.minFreshMs = Math.max(wishes.minFreshMs ?? 0, readMs(value) ?? Infinity);
      return;
    case "max-stale": {
      const mostMs = value === undefined ? Infinity : (readMs(value) ?? 0);
      wishes.maxStaleMs = Math.min(wishes.maxStaleMs ?? Infinity, mostMs);
    }
  }
}

/** Undefined for what is no number of seconds, and then the client gets the strictest reading. */
function readMs(value: string | undefined): number | undefined {
  const digits = value?.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  if (!digits || !/^\d+$/.test(digits)) return undefined;
  return Math.min(Number(digits), mostSeconds) * 1_000;
}
