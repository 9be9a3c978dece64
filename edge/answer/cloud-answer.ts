import type { Format } from "#inference/image-api/read-options.ts";

/** An answer of a gateway that may be passed on. */
export type CloudAnswer = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type ExpectedAnswer = {
  readonly model: string;
  /** How many are in the list; undefined where a single image is answered. */
  readonly images: number | undefined;
  readonly format: Format;
};

type Heard = {
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
};

/** What was heard, if it is an answer to what was asked. */
export function readCloudAnswer({ header, body }: Heard, expected: ExpectedAnswer): CloudAnswer | undefined {
  if (!/^application\/json\b/.test(header("content-type") ?? "")) return undefined;
  const text = body.toString("utf8");
  if (!isExpected(parsed(text), expected)) return undefined;
  return { headers: { "content-type": "application/json", ...timing(header("server-timing")) }, body: text };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isExpected(answer: unknown, expected: ExpectedAnswer): boolean {
  if (!isRecord(answer)) return false;
  const { images: count } = expected;
  if (count === undefined) return isImage(answer, expected);
  const { images } = answer;
  if (!Array.isArray(images) || images.length !== count) return false;
  return images.every((image) => isRecord(image) && (isRecord(image.error) || isImage(image, expected)));
}

const listedAs = { xyxy: "detections", roboflow: "predictions", coco: "annotations" } as const;

function isImage(image: Readonly<Record<string, unknown>>, { model, format }: ExpectedAnswer): boolean {
  const found = image[listedAs[format]];
  return image.model === model && isRecord(image.image) && Array.isArray(found) && found.every(isRecord);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function timing(given: string | undefined): Readonly<Record<string, string>> {
  return given !== undefined && /^[\x20-\x7e]{1,512}$/.test(given) ? { "server-timing": given } : {};
}
