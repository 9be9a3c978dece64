import { dryHand, type Hand, type ProviderCall } from "#adapters/hand.ts";

/** A call that would be made, and at which provider. */
export type ToldCall = ProviderCall & { readonly provider: string };

export type Rehearsal = { readonly hand: (provider: string) => Hand; readonly calls: readonly ToldCall[] };

/** Hands that only write down what they would do. */
export function rehearse(): Rehearsal {
  const calls: ToldCall[] = [];
  return { hand: (provider) => dryHand((call) => void calls.push({ provider, ...call })), calls };
}

/** Exactly as it would be sent, on a line of its own. */
export function callInWords({ provider, action, request }: ToldCall): string {
  return `${provider}: ${action} ${callAsJson(request)}`.replaceAll(/\p{Cc}/gu, "?");
}

/** Some requests have numbers and bytes that JSON has not. */
export function callAsJson(value: unknown, indent?: number): string {
  return (
    JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one), indent) ??
    "null"
  );
}
