/** What the identities of the two processes must be allowed at a provider, as the provider names it. */
export type Permissions = {
  /** To find and to call. */
  readonly gateway: readonly string[];
  /** To read and to change; not what the gateway's already has for it. */
  readonly fleet: readonly string[];
};
