/** Where a file that a list names lies in the store: under its path, with its hash before its name. */
export function targetAddress(path: string, sha256: string): string {
  const cut = path.lastIndexOf("/") + 1;
  return `targets/${path.slice(0, cut)}${sha256}.${path.slice(cut)}`;
}
