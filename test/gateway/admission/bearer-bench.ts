import { expect } from "vitest";
import type { z } from "zod";
import { type BearerTokens, jwtIssuer, openBearerTokens } from "#gateway/admission/bearer-tokens.ts";
import { type Tenant, unboundedTenant } from "#gateway/caller.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock, type FakeClock } from "#test/support/fake-clock.ts";
import { type FakeIdentityProvider, startIdentityProvider } from "#test/support/fake-identity-provider.ts";

/** The tenants on record. */
export const records = new Map<string, Tenant>([
  ["acme", { ...unboundedTenant("acme"), retentionDays: 7 }],
  ["rival", unboundedTenant("rival")],
]);

export type Bench = AsyncDisposable & {
  readonly clock: FakeClock;
  readonly provider: FakeIdentityProvider;
  readonly tokens: BearerTokens;
  /** What a token is refused with, or undefined where it is taken. */
  readonly refusal: (token: string) => Promise<string | undefined>;
};

/** An issuer, and a door that trusts it, on a clock that the test moves. */
export async function openBench(
  options: Partial<z.input<typeof jwtIssuer>> & {
    readonly path?: string;
    readonly keys?: readonly string[];
  } = {},
): Promise<Bench> {
  const { path = "", keys = ["first"], ...written } = options;
  const clock = createFakeClock();
  const provider = await startIdentityProvider({ now: clock.now, path });
  for (const kid of keys) provider.addKey(kid);
  const issuer = jwtIssuer.parse({ issuer: provider.issuer, audience: "tradewind", ...written });
  const tokens = openBearerTokens([issuer], { clock, tenant: (id) => records.get(id) });
  const refusal = async (token: string): Promise<string | undefined> => {
    try {
      await tokens.verify(token);
      return undefined;
    } catch (error) {
      if (!(error instanceof TradewindError) || error.code !== "token_invalid") throw error;
      for (const part of token.split(".")) if (part) expect(error.message).not.toContain(part);
      return error.message.replace("the token is refused: ", "");
    }
  };
  const close = async (): Promise<void> => {
    await tokens.close();
    await provider[Symbol.asyncDispose]();
  };
  return { clock, provider, tokens, refusal, [Symbol.asyncDispose]: close };
}
