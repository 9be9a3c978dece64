/** What came within an interval that begins `at` (milliseconds since 1970), as the ledger counts it. */
export type Count = { readonly at: number; readonly seconds: number; readonly requests: number };
