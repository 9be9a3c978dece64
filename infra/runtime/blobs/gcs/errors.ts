/** An answer that is none; `code` as the client's own errors have it. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: number;

  constructor(code: number) {
    super(`status ${code}`);
    this.code = code;
  }
}

/** The status that the server answered with; having no credentials is as good as being refused. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message.includes("Could not load the default credentials")) return 401;
  const code = "code" in error ? Number(error.code) : Number.NaN;
  return Number.isInteger(code) && code >= 300 && code < 600 ? code : undefined;
}
