import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { type Deadline, openDeadline } from "../admission/deadline.ts";
import { needScope } from "../admission/permissions.ts";
import { readCacheControl } from "../cache/cache-control.ts";
import type { Route } from "../fleet/snapshot.ts";
import { composeReply } from "./compose-reply.ts";
import { findAble } from "./find-able.ts";
import { findRoute } from "./find-route.ts";
import { withIdempotency } from "./idempotency.ts";
import type { ImageAsk, ImageReply } from "./image-ask.ts";
import type { ImagesDeps } from "./images-deps.ts";
import { type PreparedImage, prepareImage } from "./prepare-image.ts";
import { type ImageOptions, readOptions } from "./read-options.ts";
import { type Received, receiveImages } from "./receive-images.ts";
import { seeImages } from "./see-images.ts";

/** Images in, what is found in them out: from the first look at who asks for what to the last byte of the answer. */
export async function answerImages(ask: ImageAsk, deps: ImagesDeps): Promise<ImageReply> {
  const { caller } = ask;
  needScope(caller, "infer");
  const { route, version } = findRoute(deps.fleet(), ask);
  ask.note({ model: route.model });
  deps.admission.refuseExhausted(caller, route.model);
  const asked = readOptions(ask.query);
  using place = deps.inFlight.enter(0);
  using deadline = openDeadline({ timeoutMs: deps.limits.requestTimeout, onLeave: ask.onLeave });
  const receiving = { limits: deps.limits, fetchFrom: route.rules.fetchFrom, place, deadline };
  const { images, several, options } = await receiveImages(ask, asked, receiving);
  const prepared = prepareAll(images, { route, several, mostPixels: deps.limits.pixels });
  const { directory } = deps;
  const candidates = await findAble({ ask, route, version, options, directory, deadline });
  using strict = strictDeadline(ask, options, route, deps.clock);
  const look = {
    ask,
    route,
    options,
    candidates,
    images: prepared,
    control: readCacheControl(ask.header("cache-control")),
    get signal() {
      return strict ? AbortSignal.any([deadline.signal, strict.signal]) : deadline.signal;
    },
  };
  return await withIdempotency(ask, prepared, deps, async () => {
    const { admitted, seen } = await seeImages(look, deps);
    return composeReply({ ask, route, options, several, seen, headers: admitted.headers, clock: deps.clock });
  });
}

type Preparing = { readonly route: Route; readonly several: boolean; readonly mostPixels: number };

function prepareAll(
  images: readonly Received[],
  { route, several, mostPixels }: Preparing,
): (PreparedImage | TradewindError)[] {
  return images.map((image) => {
    try {
      if (image instanceof TradewindError) throw image;
      return prepareImage(image, route.rules, { mostPixels });
    } catch (error) {
      if (!several) throw error;
      return asTradewindError(error);
    }
  });
}

/** For callers to whom a late answer is worth nothing. */
function strictDeadline(
  { startedAt }: ImageAsk,
  { strict, deadlineMs }: ImageOptions,
  { sloMs }: Route,
  clock: Clock,
): Deadline | undefined {
  if (!strict) return undefined;
  const timeoutMs = Math.max(1, (deadlineMs ?? sloMs) - (clock.elapsed() - startedAt));
  return openDeadline({ timeoutMs, onLeave: () => () => {} });
}
