/** Whether a failed call never reached its server, so that the server cannot have begun with it. */
export function neverConnected(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && codes.has(code);
}

const codes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);
