import { expect, onTestFinished, vi } from "vitest";
import type { ProviderControl } from "#adapters/control.ts";
import { openControl } from "#adapters/controls.ts";
import { liveHand, type ProviderCall } from "#adapters/hand.ts";
import type { Provider } from "#adapters/provider.ts";
import { openProviders, type ProviderSettings } from "#adapters/registry.ts";
import { type CloudRunSubject, openCloudRun, type SubjectOptions } from "./open-subject.ts";

export type OpenedPlace = CloudRunSubject & {
  readonly control: ProviderControl;
  readonly provider: (revision: "stable" | "candidate") => Promise<Provider>;
  readonly told: ProviderCall[];
  readonly live: { readonly hand: ReturnType<typeof liveHand>; readonly signal: AbortSignal };
  readonly signal: AbortSignal;
  /** Which image answers a call to the only endpoint of a provider. */
  readonly versionAt: (provider: Provider) => Promise<string>;
  readonly stand: (id: string, image: string, models?: string) => Promise<string>;
};

/** The service of the subject with whoever changes it, until the test ends. */
export async function openPlace(options: Partial<SubjectOptions> = {}): Promise<OpenedPlace> {
  const subject = await openCloudRun({ transport: "grpc", ...options });
  const control = await openControl(subject.settings, subject.surroundings);
  onTestFinished(async () => {
    await control.close();
    await subject[Symbol.asyncDispose]();
  });
  const signal = AbortSignal.timeout(20_000);
  const told: ProviderCall[] = [];
  const hand = liveHand(subject.surroundings, { tell: (call) => told.push(call), signal });
  const live = { hand, signal };
  return {
    ...subject,
    control,
    told,
    live,
    signal,
    provider: async (revision) => {
      const settings = { ...subject.settings, revision } as ProviderSettings;
      const provider = (await openProviders({ one: settings }, subject.surroundings)).get("one");
      if (!provider) throw new Error("no provider was opened");
      onTestFinished(() => provider.close());
      return provider;
    },
    versionAt: async (provider) => {
      const [endpoint] = await provider.discover({ signal });
      if (!endpoint) throw new Error("nobody answers");
      return (await endpoint.client.describe("digits-s", { signal })).version;
    },
    stand: async (id, image, models) => {
      const wanted = { id, image, ...(models !== undefined && { models }) };
      const { revision } = await control.deploy(wanted, live);
      await vi.waitFor(async () => {
        const { revisions } = await control.status({ signal });
        expect(revisions.find(({ name }) => name === revision)?.state).toBe("ready");
      }, 10_000);
      return revision;
    },
  };
}
