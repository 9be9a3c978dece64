/** The group and the name within a resource's id; undefined where it is none. */
export function readResourceId(
  id: string | undefined,
): { readonly resourceGroup: string; readonly name: string } | undefined {
  const parts =
    /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/[^/]+\/(?:[^/]+\/[^/]+\/)*[^/]+\/([^/]+)$/i.exec(
      id ?? "",
    );
  const [, resourceGroup, name] = parts ?? [];
  return resourceGroup !== undefined && name !== undefined ? { resourceGroup, name } : undefined;
}

/** A region as configurations have it: some of Azure's services write `West Europe`. */
export function regionName(location: string | undefined): string {
  return (location ?? "").toLowerCase().replace(/[^a-z0-9]/g, "");
}
