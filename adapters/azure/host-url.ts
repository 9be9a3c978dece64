/** The address of a host as Azure names it; undefined where it names none, or something that is no host. */
export function hostUrl(host: string | undefined): string | undefined {
  if (host === undefined || !/^[a-z0-9](?:[a-z0-9.-]{0,252})(?::\d{1,5})?$/i.test(host)) return undefined;
  const url = `https://${host}`;
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
