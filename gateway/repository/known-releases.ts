import { isRevoked } from "./read-contents.ts";
import type { VerifiedFamily } from "./read-verified.ts";

/** A release as plans and rollouts know it. */
export type KnownRelease = { readonly model: string; readonly release: number; readonly revoked: boolean };

/** Every release that verified lists name; one is revoked where no file of it may run any longer. */
export function knownReleases({
  families,
}: {
  readonly families: readonly Pick<VerifiedFamily, "model" | "contents">[];
}): readonly KnownRelease[] {
  return families.flatMap(({ model, contents: { models, revocations } }) => {
    const byRelease = Map.groupBy(models, ({ about }) => about.release);
    return [...byRelease].map(([release, files]) => ({
      ...{ model, release },
      revoked: files.every((file) => isRevoked(file, revocations)),
    }));
  });
}
