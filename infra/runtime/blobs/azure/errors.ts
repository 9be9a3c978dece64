/** The status that the server answered with; having no credentials is as good as being refused. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/^(AuthenticationError|AuthenticationRequiredError|CredentialUnavailableError)$/.test(error.name))
    return 401;
  const status = "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}
