import { benchKey, keyLength } from "./bench-keys.ts";
import { stamp, stampBytes, writeJpeg } from "./jpeg.ts";
import type { Shape } from "./load-order.ts";

/** Gives the bytes of one request after the other, in the same memory: the last one must be away by then. */
export type RequestWriter = { readonly next: () => Buffer };

/** Told apart by whoever hashes; all writers of a process draw from it, so that no image comes twice. */
let uniqueImages = 2 ** 32;
let turns = 0;

/** Only the key and the stamp of the image change between two requests, so writing one costs next to nothing. */
export function openRequestWriter(shape: Shape): RequestWriter {
  const { body, stampAt } = writeBody(shape);
  const head = writeHead(shape, body.byteLength);
  const request = Buffer.concat([head, body]);
  const keyAt = head.indexOf(benchKey(shape.tenant, 0));
  const imageAt = head.byteLength + stampAt;
  const keys = keysOf(shape);
  return {
    next: () => {
      turns += 1;
      stamp(request, imageAt, shape.images === "unique" ? uniqueImages++ : turns % shape.images);
      const from = (turns % shape.keys) * keyLength;
      keys.copy(request, keyAt, from, from + keyLength);
      return request;
    },
  };
}

function writeBody({ form, bytes }: Shape): { readonly body: Buffer; readonly stampAt: number } {
  const picture = writeJpeg(bytes);
  if (form === "image") return { body: picture.bytes, stampAt: picture.stampAt };
  const before = '{"image":"';
  const body = Buffer.from(`${before}${picture.bytes.toString("base64")}"}`);
  // The digits of a stamp are letters of base64 too; what they stand for lies in the coded data.
  return { body, stampAt: before.length + 4 * Math.ceil((picture.stampAt + stampBytes) / 3) };
}

function writeHead({ path, form, tenant, headers = {} }: Shape, length: number): Buffer {
  const all = {
    host: "127.0.0.1",
    authorization: `Bearer ${benchKey(tenant, 0)}`,
    "content-type": form === "image" ? "image/jpeg" : "application/json",
    "content-length": String(length),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
}

const written = new Map<string, Buffer>();

function keysOf({ tenant, keys: many }: Shape): Buffer {
  const name = `${tenant} ${many}`;
  const known = written.get(name);
  if (known) return known;
  const keys = Buffer.alloc(many * keyLength);
  for (let number = 0; number < many; number += 1) {
    keys.write(benchKey(tenant, number), number * keyLength, "latin1");
  }
  written.set(name, keys);
  return keys;
}
