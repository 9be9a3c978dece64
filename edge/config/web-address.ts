import { z } from "zod";

/** Without a user or a password, which would stand in every log line, and without what follows a question mark. */
export const webAddress = z
  .url({ protocol: /^https?$/, error: "expected an http or https address" })
  .max(1_000)
  .refine(isPlain, "expected an address without a user, a query or a fragment")
  .transform((url) => url.replace(/\/+$/, ""));

/** Nobody stands between: encrypted, or within this machine. Of what is no address nothing is said. */
export function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || isLoopback(hostname);
}

/** As a URL's `hostname` or a socket's address has it. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").replace(/^::ffff:/, "");
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

function isPlain(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password, search, hash } = new URL(url);
  return `${username}${password}${search}${hash}` === "";
}
