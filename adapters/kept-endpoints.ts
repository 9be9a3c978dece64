import { createOpenInferenceClient, type OpenInferenceClient } from "./open-inference.ts";
import type { Endpoint } from "./provider.ts";

/** Where a backend stands, before anybody has called it. */
export type Address = { readonly url: string; readonly name?: string };

export type KeptEndpoints = {
  /** The endpoints of these addresses: those that were there keep their clients, those that went are let go. */
  readonly keep: (addresses: readonly Address[]) => readonly Endpoint[];
  readonly close: () => Promise<void>;
};

export type KeepOptions = {
  readonly open?: (url: string) => OpenInferenceClient;
  readonly now: () => number;
  /** A request may still hold the endpoint of a fleet that was replaced; by then it has ended. */
  readonly lingerMs?: number;
};

/**
 * Clients by their address, opened once.
 *
 *   HERE ── not among the addresses ──▶ LEAVING ── among them again ──▶ HERE
 *                                          └── after a while ──▶ CLOSED
 */
export function keepEndpoints({
  open = (url) => createOpenInferenceClient({ url }),
  now,
  lingerMs = 120_000,
}: KeepOptions): KeptEndpoints {
  const kept = new Map<string, { readonly client: OpenInferenceClient; leftAt: number | undefined }>();
  const letGo = (isHere: (url: string) => boolean): void => {
    for (const [url, one] of kept) {
      if (isHere(url)) one.leftAt = undefined;
      else one.leftAt ??= now();
      if (one.leftAt === undefined || now() - one.leftAt < lingerMs) continue;
      kept.delete(url);
      void one.client.close();
    }
  };
  return {
    keep: (addresses) => {
      const here = new Set(addresses.map(({ url }) => url));
      for (const url of here) if (!kept.has(url)) kept.set(url, { client: open(url), leftAt: undefined });
      letGo((url) => here.has(url));
      return addresses.flatMap(({ url, name }) => {
        const client = kept.get(url)?.client;
        return client ? [{ url, client, ...(name !== undefined && { name }) }] : [];
      });
    },
    close: async () => {
      await Promise.all([...kept.values()].map(({ client }) => client.close()));
    },
  };
}
