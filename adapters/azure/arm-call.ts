/** A call as Azure's permissions name it. */
export type ArmCall = { readonly action: string; readonly signal: AbortSignal };
