import { multipartBody, multipartType } from "../../support/multipart.ts";
import type { Random } from "../../support/random.ts";
import {
  allowedOrigin,
  type Headers,
  jpeg,
  json,
  type Made,
  type Parts,
  plain,
  type Target,
} from "./compose.ts";

/** Nothing is wrong with it: it must be answered, however much rubbish comes beside it. */
export function good(target: Target, random: Random): Made {
  const form = random.integer(0, forms.length - 1);
  const { headers, ...parts } = formOf(target, form, random);
  // Said again in the same words, it is the same answer again, unless the first one is still under way.
  const name = `good-${form}-${headers["cache-control"] ?? "any"}-${random.integer(0, 9)}`;
  const again = random.chance(0.3) ? { "idempotency-key": name } : {};
  return plain(
    target,
    { ...parts, headers: { ...headers, ...again } },
    { isGood: true, mayPass: true, allows: ["idempotency_in_progress"] },
  );
}

/** The good JPEG in one of the forms that are accepted, as the only image or as one of two. */
export function goodForm(target: Target, random: Random): Form {
  return formOf(target, random.integer(0, forms.length - 1), random);
}

type Form = Parts & { readonly headers: Headers };

/** Half of them are answered anew, and not out of the cache. */
function formOf(target: Target, place: number, random: Random): Form {
  const { headers, ...parts } = forms[place]?.(target) ?? {};
  return {
    ...parts,
    headers: { ...headers, ...(random.chance(0.5) ? {} : { "cache-control": "no-cache" }) },
  };
}

const forms: readonly ((target: Target) => Parts)[] = [
  () => ({ headers: jpeg }),
  () => ({ headers: { "content-type": undefined } }),
  ({ path }) => ({ headers: jpeg, path: `${path}?conf=0.25&iou=0.7&max_detections=300&format=xyxy` }),
  ({ path }) => ({ headers: jpeg, path: path.replace("/detect", "@1/detect") }),
  ({ images }) => form([{ name: "image", filename: "a.jpg", type: "image/jpeg", bytes: images.jpeg }]),
  ({ images }) =>
    form([
      { name: "conf", bytes: "0.25" },
      { name: "images", filename: "a.jpg", bytes: images.jpeg },
      { name: "images", filename: "b.jpg", bytes: images.jpeg },
    ]),
  ({ images }) => inJson({ image: images.jpeg.toString("base64"), parameters: { conf: 0.25 } }),
  ({ images }) => inJson({ images: [{ base64: images.jpeg.toString("base64") }] }),
];

function form(parts: Parameters<typeof multipartBody>[0]): Parts {
  return { headers: { "content-type": multipartType() }, body: multipartBody(parts) };
}

function inJson(value: object): Parts {
  return { headers: json, body: Buffer.from(JSON.stringify(value)) };
}

/** A key that is soon used up is told so, and never anything else. */
export function limited(target: Target, random: Random): Made {
  const { headers, ...parts } = goodForm(target, random);
  const key = { authorization: `Bearer ${target.limitedKey}`, origin: allowedOrigin };
  return plain(
    target,
    { ...parts, headers: { ...headers, ...key } },
    { isGood: true, mayPass: true, allows: ["rate_limited", "concurrency_limited"] },
  );
}
