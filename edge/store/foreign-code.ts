/** What the system called an error, or the error behind one of ours: `ENOENT`, `ENOSPC`, `EIO`. */
export function foreignCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) return code;
  return error.cause === undefined ? undefined : foreignCode(error.cause);
}

/** Said of a file that is not there; whoever reads may mean to make it. */
export function isMissing(error: unknown): boolean {
  return foreignCode(error) === "ENOENT";
}
