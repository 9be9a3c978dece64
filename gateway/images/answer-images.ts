import { readCacheControl } from "#inference/image-api/cache-wishes.ts";
import { type ImageOptions, readOptions } from "#inference/image-api/read-options.ts";
import { type Deadline, openDeadline } from "#infra/runtime/deadline.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { withIdempotency } from "../admission/idempotency.ts";
import { needScope } from "../admission/permissions.ts";
import type { Route } from "../fleet/snapshot.ts";
import { allowObjective } from "./allow-objective.ts";
import { composeReply } from "./compose-reply.ts";
import { findAble } from "./find-able.ts";
import { findRoute } from "./find-route.ts";
import type { ImageAsk, ImageReply } from "./image-ask.ts";
import type { ImagesDeps } from "./images-deps.ts";
import { onceOnly } from "./once-only.ts";
import { type PreparedImage, prepareImage } from "./prepare-image.ts";
import { type Received, receiveImages } from "./receive-images.ts";
import { seeImages } from "./see-images.ts";
import type { SeeImages, SeenOrFailed } from "./seen.ts";

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
  allowObjective(caller, options.objective, route.pool.terms);
  const prepared = prepareAll(images, { route, several, mostPixels: deps.limits.pixels });
  const { directory } = deps;
  const able = await findAble({ ask, route, version, options, directory, deadline });
  const receivedAt = deps.clock.elapsed();
  using strict = strictDeadline(options, route);
  const see: SeeImages = {
    ask,
    route,
    options,
    able,
    images: prepared,
    control: readCacheControl(ask.header("cache-control")),
    receivedAt,
    get signal() {
      return strict ? AbortSignal.any([deadline.signal, strict.signal]) : deadline.signal;
    },
  };
  const work = async () => {
    const { admitted, seen } = await seeImages(see, deps);
    const { headers } = admitted;
    const reply = composeReply({
      ask,
      route,
      options,
      several,
      seen,
      receivedAt,
      headers,
      clock: deps.clock,
    });
    return { reply, keep: seen.every(isLasting) };
  };
  const given = ask.header("idempotency-key");
  if (given === undefined) return (await work()).reply;
  return await withIdempotency(onceOnly(see, { given, several }, deps), work);
}

/** Another try would end in the same way. */
function isLasting(one: SeenOrFailed): boolean {
  if (!(one instanceof TradewindError)) return true;
  return one.kind.blame === "caller" && !one.kind.retryable && one.code !== "caller_left";
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
function strictDeadline({ strict, deadlineMs }: ImageOptions, { sloMs }: Route): Deadline | undefined {
  return strict ? openDeadline({ timeoutMs: deadlineMs ?? sloMs, onLeave: () => () => {} }) : undefined;
}
