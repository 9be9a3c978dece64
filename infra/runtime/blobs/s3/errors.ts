/** The status that the server answered with; having no credentials is as good as being refused. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === "CredentialsProviderError") return 401;
  if (!("$metadata" in error) || typeof error.$metadata !== "object" || error.$metadata === null)
    return undefined;
  const { $metadata } = error;
  const status = "httpStatusCode" in $metadata ? $metadata.httpStatusCode : undefined;
  return typeof status === "number" ? status : undefined;
}
