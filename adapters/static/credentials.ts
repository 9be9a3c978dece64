import { TradewindError } from "#infra/runtime/errors.ts";
import { callSecrets } from "#infra/runtime/signed-call.ts";
import type { Authorize } from "../authorize.ts";
import { type CheckSecret, type HeldSecret, holdSecret } from "../held-secret.ts";
import { signCalls } from "../sign-calls.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Settings } from "./settings.ts";

export type Credentials = {
  readonly authorize: Authorize | undefined;
  /** How often its secrets may have become others; undefined where they never do. */
  readonly changeMs: number | undefined;
  readonly refresh: () => Promise<void>;
};

/** Tokens in files are exchanged long before they end, and nobody says when. */
const fileMs = 60_000;

/** By what these backends let calls in: a signature, a token, headers of a team's own, or nothing. */
export async function openCredentials(settings: Settings, surroundings: Surroundings): Promise<Credentials> {
  const { sign, bearer, rest } = settings;
  const given = [
    ...(sign ? [{ source: sign.secret, use: signing(surroundings), check: isForSigning }] : []),
    ...(bearer ? [{ source: bearer, use: saying("authorization", "Bearer "), check: isForHeader }] : []),
    ...Object.entries(rest?.headers ?? {}).flatMap(([name, source]) =>
      typeof source === "string" ? [] : [{ source, use: saying(name), check: isForHeader }],
    ),
  ];
  const held = await Promise.all(given.map(({ source, check }) => holdSecret(source, surroundings, check)));
  const constant = Object.entries(rest?.headers ?? {}).flatMap(([name, value]) =>
    typeof value === "string" ? [name, value] : [],
  );
  const ways = given.flatMap(({ use }, place) => (held[place] ? [use(held[place])] : []));
  return {
    authorize: ways.length === 0 && constant.length === 0 ? undefined : inOne(ways, constant),
    changeMs: given.some(({ source }) => "file" in source) ? fileMs : undefined,
    refresh: async () => {
      await Promise.all(held.map(({ refresh }) => refresh()));
    },
  };
}

const isForSigning: CheckSecret = (secret) => callSecrets(secret, "sign.secret");

/** What would end a header, or cannot be in one, would fail each call. */
const isForHeader: CheckSecret = (secret) => {
  if (/^[\x21-\x7e]{1,8192}$/.test(secret)) return;
  throw new TradewindError("config_invalid", "a secret for a header has characters that no header can hold");
};

/** None of these needs a turn of its own: whatever they take is at hand. */
type Way = (call: Parameters<Authorize>[0]) => readonly string[];

function signing({ clock, chance }: Surroundings): (secret: HeldSecret) => Way {
  return (secret) => {
    const sign = signCalls({ secret: secret.now, clock, chance });
    return (call) => sign(call) as readonly string[];
  };
}

function saying(name: string, before = ""): (secret: HeldSecret) => Way {
  return (secret) => () => [name, before + secret.now()];
}

function inOne(ways: readonly Way[], constant: readonly string[]): Authorize {
  const [only] = ways;
  if (only && ways.length === 1 && constant.length === 0) return only;
  return (call) => [...constant, ...ways.flatMap((way) => way(call))];
}
