/** ETags are versions in quotes, whether or not a place wrote them; what is not in quotes is a place's own version id. */
export function etagVersion(etag: string | undefined): string {
  if (etag === undefined || etag === "") throw new Error("the server gave no ETag");
  return etag.includes('"') ? etag : `"${etag}"`;
}

/** How to ask for one version: by condition, or by id. */
export function splitVersion(version: string | undefined): {
  readonly etag: string | undefined;
  readonly id: string | undefined;
} {
  if (version?.includes('"')) return { etag: version, id: undefined };
  return { etag: undefined, id: version };
}
