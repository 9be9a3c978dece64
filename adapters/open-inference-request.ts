import type { DetectOptions } from "#inference/contract.ts";
import { signatureHeader } from "#infra/runtime/signed-call.ts";
import { type TraceContext, traceHeaders } from "#infra/runtime/trace-context.ts";

export type ImageRequest = {
  readonly headers: readonly string[];
  readonly body: Uint8Array | readonly Uint8Array[];
};

/** Below it one copy costs less than several writes. */
const smallBody = 16_384;

/** The binary tensor extension: a JSON head, then the tensor, which is the image behind its length. */
export function imageRequest(
  image: Uint8Array | readonly Uint8Array[],
  options: DetectOptions,
  trace?: TraceContext,
): ImageRequest {
  const pieces = image instanceof Uint8Array ? [image] : image;
  let imageBytes = 0;
  for (const piece of pieces) imageBytes += piece.byteLength;
  const head = headOf(imageBytes, options);
  const headers = [
    "content-type",
    "application/octet-stream",
    "inference-header-content-length",
    `${head.length}`,
  ];
  if (trace) for (const [name, value] of Object.entries(traceHeaders(trace))) headers.push(name, value);
  const before = head.length + 4;
  const total = before + imageBytes;
  const isSmall = total <= smallBody;
  const first = Buffer.allocUnsafe(isSmall ? total : before);
  first.write(head, "latin1");
  first.writeUInt32LE(imageBytes, head.length);
  if (!isSmall) return { headers: [...headers, "content-length", `${total}`], body: [first, ...pieces] };
  let at = before;
  for (const piece of pieces) {
    first.set(piece, at);
    at += piece.byteLength;
  }
  return { headers, body: first };
}

/** Numbers and fixed words only, so nothing in it needs escaping or more than a byte a character. */
function headOf(imageBytes: number, options: DetectOptions): string {
  const { conf, iou, maxDetections, agnostic, multiLabel } = options;
  const choices =
    (agnostic === undefined ? "" : `,"agnostic":${agnostic}`) +
    (multiLabel === undefined ? "" : `,"multi_label":${multiLabel}`);
  return `{"inputs":[{"name":"image","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":${imageBytes + 4}}}],"parameters":{"conf":${conf},"iou":${iou},"max_detections":${maxDetections}${choices},"binary_data_output":true}}`;
}

/** A caller's credentials are for the gateway: a backend neither hears them nor takes them for the gateway's own. */
const callers: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "x-api-key",
  "x-serverless-authorization",
  signatureHeader,
]);

/** What a caller's request says to the backend, names and values in turn. */
export function passedHeaders(given: Readonly<Record<string, string>>): readonly string[] {
  const headers: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!callers.has(name.toLowerCase())) headers.push(name, value);
  }
  return headers;
}
