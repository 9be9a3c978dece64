import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pngBomb } from "#test/support/bomb.ts";
import type { Tradewind } from "#test/support/launch-tradewind.ts";
import { type FormPart, multipartBody, multipartType } from "#test/support/multipart.ts";
import { descendants, residentBytes } from "#test/support/process-tree.ts";
import { startTradewind } from "#test/support/run-tradewind.ts";

let product: Tradewind;
let folder: string;
let jpeg: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wrong-input-"));
  product = await startTradewind("--data", folder);
  jpeg = await readFile(product.imagePath);
});
afterAll(async () => {
  await product[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

type Sent = { readonly url?: string; readonly body?: BodyPart; readonly headers?: Record<string, string> };
type BodyPart = Buffer | string | ReadableStream;

async function send({ url = product.detectUrl, body = jpeg, headers = {} }: Sent) {
  const init = {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${product.key}`, "content-type": "image/jpeg", ...headers },
  };
  const response = await fetch(url, body instanceof ReadableStream ? { ...init, duplex: "half" } : init);
  const problem = (await response.json()) as { code?: string; detail?: string };
  return { status: response.status, code: problem.code, detail: problem.detail };
}

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>`;

test.each<[string, () => Sent, number, string, RegExp]>([
  ["an empty body", () => ({ body: "" }), 400, "body_empty", /the body is empty/],
  [
    "a text file",
    () => ({ body: "Dear gateway,\nplease find my cat.\n" }),
    415,
    "image_type_unsupported",
    /got text/,
  ],
  ["an SVG", () => ({ body: svg }), 415, "image_type_unsupported", /got an SVG/],
  [
    "a JPEG that ends early",
    () => ({ body: jpeg.subarray(0, jpeg.byteLength / 2) }),
    422,
    "image_undecodable",
    /ends|cut|short|early/,
  ],
  ["a PNG bomb of 100 megapixels", () => ({ body: pngBomb(10_000, 10_000) }), 413, "image_too_large", /100/],
  [
    "an unknown model",
    () => ({ url: product.detectUrl.replace("digits-s", "cats") }),
    404,
    "model_unknown",
    /no model "cats" here; there is digits-s/,
  ],
  [
    "no key",
    () => ({ headers: { authorization: "" } }),
    401,
    "key_missing",
    /send it as authorization: Bearer/,
  ],
  [
    "a wrong key",
    () => ({
      headers: {
        authorization: `Bearer ${product.key.slice(0, -1)}${product.key.endsWith("_") ? "-" : "_"}`,
      },
    }),
    401,
    "key_invalid",
    /unknown, revoked or mistyped/,
  ],
  [
    "a body declared too large",
    () => ({ body: Buffer.alloc(21 * 1_048_576) }),
    413,
    "body_too_large",
    /larger than the 20971520 bytes/,
  ],
  [
    "a model in a version that nobody has",
    () => ({ url: product.detectUrl.replace("/detect", "@99/detect") }),
    404,
    "version_unknown",
    /version "99" of digits-s/,
  ],
  [
    "a task that is not the model's",
    () => ({ url: product.detectUrl.replace("/detect", "/pose") }),
    422,
    "task_unsupported",
    /detect/,
  ],
  [
    "a parameter that there is not",
    () => ({ url: `${product.detectUrl}?confidence=0.5` }),
    422,
    "parameter_invalid",
    /no parameter "confidence", only conf, iou/,
  ],
  [
    "a threshold above one",
    () => ({ url: `${product.detectUrl}?conf=25` }),
    422,
    "parameter_invalid",
    /conf is "25", expected a number from 0 to 1/,
  ],
  [
    "a form without an image",
    () => form([{ name: "conf", bytes: "0.5" }]),
    400,
    "body_empty",
    /field named image/,
  ],
  [
    "a form of seventeen images",
    () => form(Array.from({ length: 17 }, () => ({ name: "images", filename: "a.jpg", bytes: jpeg }))),
    422,
    "images_too_many",
    /16 images at most/,
  ],
  [
    "a form whose boundary is another",
    () => ({ ...form([{ name: "image", bytes: jpeg }]), headers: { "content-type": multipartType("x") } }),
    400,
    "request_malformed",
    /boundary does not occur/,
  ],
  ["JSON that is cut off", () => inJson('{"image": "AAA'), 400, "request_malformed", /not valid JSON/],
  ["JSON of brackets", () => inJson("[".repeat(1_000_000)), 400, "request_malformed", /outside of strings/],
  ["JSON without an image", () => inJson("{}"), 400, "body_empty", /expected image or images/],
  [
    "text that is no base64",
    () => inJson('{"image": "!!"}'),
    422,
    "parameter_invalid",
    /image is not base64/,
  ],
  [
    "an address where none is fetched from",
    () => inJson('{"image": {"url": "http://169.254.169.254/latest/meta-data/"}}'),
    422,
    "url_refused",
    /./,
  ],
  [
    "an idempotency key with a blank in it",
    () => ({ headers: { "idempotency-key": "a b" } }),
    400,
    "request_malformed",
    /1 to 255 visible characters/,
  ],
  ["a packed body", () => ({ headers: { "content-encoding": "gzip" } }), 415, "encoding_unsupported", /./],
])("%s gets its status, its code and a sentence to act on", async (_, sent, status, code, detail) => {
  expect(await send(sent())).toEqual({ status, code, detail: expect.stringMatching(detail) });
});

function form(parts: readonly FormPart[]): Sent {
  return { body: multipartBody(parts), headers: { "content-type": multipartType() } };
}

function inJson(body: string): Sent {
  return { body, headers: { "content-type": "application/json" } };
}

/** Pours zeros for as long as the server takes them, at most `bytes`; resolves with what came back. */
async function pour(
  bytes: number,
): Promise<{ readonly status: number; readonly code: string; readonly poured: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    code: string;
    poured: number;
  }>();
  const headers = { authorization: `Bearer ${product.key}`, "transfer-encoding": "chunked" };
  const sent = request(product.detectUrl, { method: "POST", headers });
  let poured = 0;
  let answered = false;
  sent.on("response", (response) => {
    answered = true;
    json(response).then(
      (body) => resolve({ status: response.statusCode ?? 0, code: (body as { code: string }).code, poured }),
      reject,
    );
  });
  sent.on("error", (error) => {
    if (!answered) reject(error);
  });
  const chunk = Buffer.alloc(1_048_576, 0xff);
  const flow = (): void => {
    while (!answered && poured < bytes && !sent.destroyed) {
      poured += chunk.byteLength;
      if (!sent.write(chunk)) return void sent.once("drain", flow);
    }
  };
  flow();
  return promise;
}

test("chunked rubbish without end is cut off soon after the limit, with the memory of the product flat", async () => {
  const tree = await descendants(product.pid);
  const before = await residentBytes(tree);
  for (let round = 0; round < 5; round += 1) {
    const { status, code, poured } = await pour(500 * 1_048_576);
    expect({ status, code }).toEqual({ status: 413, code: "body_too_large" });
    expect(poured).toBeLessThan(100 * 1_048_576);
  }
  expect((await residentBytes(tree)) - before).toBeLessThan(150 * 1_048_576);
});

test("after all of it the next image is answered", async () => {
  const response = await fetch(product.detectUrl, {
    method: "POST",
    body: jpeg,
    headers: { authorization: `Bearer ${product.key}`, "content-type": "image/jpeg" },
  });
  expect(response.status).toBe(200);
});
