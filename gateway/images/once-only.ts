import { createHash } from "node:crypto";
import { canonicalOptions } from "#inference/image-api/read-options.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Idempotency } from "../admission/idempotency.ts";
import type { ImagesDeps } from "./images-deps.ts";
import type { SeeImages } from "./seen.ts";

/** What makes a request with images the same as an earlier one, wherever in it that was said. */
export function onceOnly(
  see: SeeImages,
  { given, several }: { readonly given: string; readonly several: boolean },
  deps: ImagesDeps,
): Idempotency {
  const { ask, route } = see;
  const { caller } = ask;
  return {
    caller,
    given,
    fingerprint: () => fingerprintOf(see, several),
    token: Buffer.from(deps.chance.bytes(12)).toString("base64url"),
    softState: deps.softState,
    admitReplay: async () => {
      const { headers, end } = await deps.admission.admit({
        caller,
        model: route.model,
        whenAway: route.rules.whenRedisIsAway,
        images: 1,
        uncached: 0,
        nanoUsdEach: 0,
        lookups: [],
      });
      end({ images: 0, nanoUsd: 0 });
      return headers;
    },
  };
}

function fingerprintOf({ ask, options, images }: SeeImages, several: boolean): string {
  const { model, task } = ask;
  const { format, strict, deadlineMs } = options;
  const digests = images.map((image) => (image instanceof TradewindError ? image.code : image.digest));
  const asked = [canonicalOptions(options), format, strict, deadlineMs ?? 0, several];
  return createHash("sha256")
    .update(JSON.stringify([model, task, asked, digests]))
    .digest("base64url");
}
