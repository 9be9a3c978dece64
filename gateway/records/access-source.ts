import type { KeyChange } from "./key-rows.ts";
import type { TenantChange } from "./tenants.ts";

/** Who may come in, as far as it is not known yet. */
export type AccessChange = {
  /** Whether this is everybody, so that who is not in it is gone. */
  readonly isWhole: boolean;
  readonly tenants: readonly TenantChange[];
  readonly keys: readonly KeyChange[];
};

/** Where tenants and keys are read from. */
export type AccessSource = {
  /** Everything at first, then what changed since the last read that succeeded. One at a time. */
  readonly read: (options: { readonly signal: AbortSignal }) => Promise<AccessChange>;
  /** Says at once that something changed, where the place can tell; reading again now and then is needed all the same. */
  readonly watch?: (onChange: () => void) => AsyncDisposable;
};
