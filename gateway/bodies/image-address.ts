import { TradewindError } from "#infra/runtime/errors.ts";

/** Where an image is to be fetched from, once its spelling has nothing that two readers could take for two things. */
export type ImageAddress = { readonly url: URL; readonly host: string };

/**
 * Hosts that may be fetched from: `images.example.com`, `*.example.com` (not example.com itself), each with a port
 * behind it where that is not 443; or `*`, all of them at port 443.
 */
export type HostRule = string;

export function isHostRule(text: string): text is HostRule {
  return text === "*" || (isName(withoutPort(text).replace(/^\*\./, "")) && portOf(text) !== undefined);
}

/** Refuses everything but https, a full name of DNS and port 443, or what the rules say where there are rules. */
export function readImageAddress(text: string, allow?: readonly HostRule[]): ImageAddress {
  if (text.length > 2_048) throw refused("a URL has 2048 characters at most");
  // Parsers drop tabs and line breaks, turn backslashes into slashes and letters of other scripts into ASCII.
  if (!/^[\x21-\x7e]*$/.test(text) || text.includes("\\")) {
    throw refused("a URL is written in ASCII, without spaces and backslashes");
  }
  const authority = /^https:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) throw refused("a URL begins with https:// and the name of a host");
  const host = withoutPort(authority).toLowerCase();
  const port = portOf(authority);
  if (!isName(host) || port === undefined) {
    throw refused("the host of a URL is a full name as images.example.com, no address and nothing else");
  }
  if (!isAllowed(host, port, allow)) throw refused("this host, or its port, may not be fetched from");
  const url = new URL(text);
  // Both readers must have seen the same.
  if (url.hostname !== host || Number(url.port || 443) !== port) throw refused("the URL is ambiguous");
  return { url, host };
}

export function refused(why: string): TradewindError {
  return new TradewindError("url_refused", `the image is not fetched: ${why}`);
}

function withoutPort(authority: string): string {
  const colon = authority.indexOf(":");
  return colon === -1 ? authority : authority.slice(0, colon);
}

function portOf(authority: string): number | undefined {
  const colon = authority.indexOf(":");
  if (colon === -1) return 443;
  const port = authority.slice(colon + 1);
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535 ? Number(port) : undefined;
}

/** Labels with letters at the end: an address in whatever notation ends in a number. */
function isName(host: string): boolean {
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  if (host.length > 253 || labels.length < 2 || !/^(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/i.test(last))
    return false;
  return (
    !inner.has(last.toLowerCase()) &&
    labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))
  );
}

/** Names that never lead to the public web. */
const inner: ReadonlySet<string> = new Set(["localhost", "local", "internal", "arpa", "onion", "alt"]);

function isAllowed(host: string, port: number, allow: readonly HostRule[] | undefined): boolean {
  if (!allow) return port === 443;
  return allow.some((rule) => {
    const name = withoutPort(rule).toLowerCase();
    const fits = name.startsWith("*") ? host.endsWith(name.slice(1)) : host === name;
    return fits && portOf(rule) === port;
  });
}
