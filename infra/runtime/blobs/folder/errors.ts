/** What a file system says, in the words of HTTP. */
const statuses: Readonly<Record<string, number>> = {
  ENOENT: 404,
  ENOTDIR: 404,
  ELOOP: 404,
  EISDIR: 404,
  ENAMETOOLONG: 404,
  EACCES: 403,
  EPERM: 403,
  EROFS: 403,
};

/** Another reason that there is no such blob than the file system's. */
export class NoBlob extends Error {
  override readonly name = "NoBlob";
  readonly status: number;

  constructor(message: string, status = 404) {
    super(message);
    this.status = status;
  }
}

export function statusOf(error: unknown): number | undefined {
  if (error instanceof NoBlob) return error.status;
  if (!(error instanceof Error && "code" in error)) return undefined;
  return statuses[String(error.code)];
}
