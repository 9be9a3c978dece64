import { isIP } from "node:net";

/** Whether a request came by a name that is ours, by its `host` header. */
export type KnownHost = (host: string | undefined) => boolean;

/**
 * A page can make its own name lead to an address of our network, and then its requests are to no other origin. No
 * browser leaves the header out, so what comes without it is no page; and no page has an address in numbers for a name.
 */
export function knownHost(names: readonly string[]): KnownHost {
  const known = new Set(["localhost", ...names].map((name) => name.toLowerCase()));
  return (host) => host === undefined || isKnown(host, known);
}

function isKnown(host: string, names: ReadonlySet<string>): boolean {
  const [, bracketed, plain = ""] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+?)\.?)(?::\d{1,5})?$/.exec(host) ?? [];
  return bracketed === undefined
    ? isIP(plain) === 4 || names.has(plain.toLowerCase())
    : isIP(bracketed) === 6;
}
