import type { Random } from "../../support/random.ts";
import { type Made, pick, postJson, type Target } from "./compose.ts";
import { garbled, randomBytes, truncated } from "./images.ts";
import { oddName, oddValue } from "./odd-query.ts";

/** JSON that is none, too deep, too wide, or not of the members that are asked for. */
export function oddJson(target: Target, random: Random): Made {
  return { ...postJson(target, pick(bodies, random)(target, random)), mayPass: true };
}

/** An image in base64 that is not quite base64, or not quite an image. */
export function oddBase64(target: Target, random: Random): Made {
  const good = target.images.jpeg.toString("base64");
  const odd = pick(encodings, random)(good, random, target);
  return { ...postJson(target, around(odd, random)), mayPass: true };
}

/** Every way to say "a place inside" as a URL: with no host allowed none may be asked, not even by name. */
export function oddUrl(target: Target, random: Random): Made {
  const url = pick(urls, random)(target);
  const body = random.chance(0.7)
    ? { image: { url } }
    : { images: [{ url }, target.images.jpeg.toString("base64"), { url }] };
  return { ...postJson(target, body), mayPass: "images" in body };
}

function around(image: unknown, random: Random): object {
  return pick(
    [{ image }, { image: { base64: image } }, { images: [image] }, { images: [{ base64: image }, image] }],
    random,
  );
}

const junk: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  true,
  "",
  [],
  {},
  [[]],
  "AAAA",
  { base64: null },
  { url: 5 },
  { base64: "AAAA", url: "https://a.example/b" },
  { toString: 1 },
];

type Body = (target: Target, random: Random) => unknown;

const bodies: readonly Body[] = [
  (_, random) => pick(junk, random),
  (_, random) => around(pick(junk, random), random),
  (_, random) => ({ images: Array.from({ length: random.integer(0, 40) }, () => pick(junk, random)) }),
  (target, random) => ({
    image: target.images.jpeg.toString("base64"),
    [oddName(random)]: pick(junk, random),
  }),
  ({ images }, random) => ({
    image: images.jpeg.toString("base64"),
    parameters: { [oddName(random)]: random.chance(0.5) ? oddValue(random) : pick(junk, random) },
  }),
  ({ images }, random) => ({
    image: images.jpeg.toString("base64"),
    parameters: { conf: pick([0.5, 1e-9, -0, 1e21, [0.1], [0.1, 0.2], "0.5"], random), classes: ["0", 1] },
  }),
  ({ images }, random) => ({ image: images.jpeg.toString("base64"), parameters: pick(junk, random) }),
  ({ images }) => Buffer.from(`{"__proto__":{"conf":"0.5"},"image":"${images.png.toString("base64")}"}`),
  ({ images }) => Buffer.from(`{"image":"AAAA","image":"${images.png.toString("base64")}"}`),
  ({ images }, random) =>
    truncated(Buffer.from(JSON.stringify({ image: images.jpeg.toString("base64") })), random),
  ({ images }, random) =>
    garbled(Buffer.from(JSON.stringify({ image: images.jpeg.toString("base64") })), random),
  (_, random) => Buffer.from("[".repeat(pick([100, 10_000, 65_000, 70_000, 2_000_000], random))),
  (_, random) => Buffer.from('{"image":'.repeat(pick([100, 5_000, 60_000], random))),
  () => Buffer.from(`{"images":[${'"",'.repeat(20_000)}""]}`),
  () => Buffer.from(`{"images":[${"{},".repeat(20_000)}{}]}`),
  () => Buffer.from(`{"image":"${'\\"'.repeat(20_000)}"}`),
  () => Buffer.from(`{"image":"${"\\".repeat(50_001)}"}`),
  () => Buffer.alloc(70_000, 0x20),
  (_, random) => Buffer.from(`{"parameters":{"conf":${pick(["1e999", "-0", "0.", "01", "NaN"], random)}}}`),
  (_, random) => Buffer.concat([Buffer.from('{"image":"'), randomBytes(60, random), Buffer.from('"}')]),
  () => Buffer.from('\ufeff{"image":"AAAA"}'),
  () => Buffer.from('{"image":"AAAA"}', "utf16le"),
  () => Buffer.from('{"image":"\ud800"}'),
];

type Encode = (good: string, random: Random, target: Target) => unknown;

const encodings: readonly Encode[] = [
  (good, random) => good.slice(0, random.integer(0, good.length)),
  (good) => good.replaceAll("+", "-").replaceAll("/", "_"),
  (good) => good.replace(/=*$/, "===="),
  (good, random) => {
    const at = random.integer(0, good.length);
    return (
      good.slice(0, at) + pick(["=", " ", "\n", "\0", "\u00e9", "%", "!", "\ud83d"], random) + good.slice(at)
    );
  },
  (good) => good.match(/.{1,76}/g)?.join("\r\n"),
  (good) => `data:image/jpeg;base64,${good}`,
  (good) => `data:image/jpeg;base64,data:image/jpeg;base64,${good}`,
  (good) => `data:${"a".repeat(300)};base64,${good}`,
  (good) => `data:,${good}`,
  (good) => Buffer.from(good).toString("base64"),
  () => "A".repeat(3_000_000),
  () => "=".repeat(1_000),
  () => "data:image/svg+xml;base64,PHN2Zy8+",
  (_, random, { images }) => garbled(images.png, random).toString("base64"),
  (_, random, { images }) => truncated(images.webp, random).toString("base64"),
  (_, random) => randomBytes(random.integer(1, 300), random).toString("base64"),
  (good) => [good],
];

const urls: readonly ((target: Target) => unknown)[] = [
  ({ trap }) => `http://${trap}/image.jpg`,
  ({ trap }) => `https://${trap}/image.jpg`,
  ({ trap }) => `http://images.example.com@${trap}/`,
  ({ trap }) => `http://${trap}#@images.example.com/`,
  ({ trap }) => `HTTP://localhost:${trap.split(":")[1]}/`,
  ({ trap }) => `http://2130706433:${trap.split(":")[1]}/`,
  ({ trap }) => `http://0x7f.1:${trap.split(":")[1]}/`,
  ({ trap }) => `http://[::ffff:127.0.0.1]:${trap.split(":")[1]}/`,
  ({ trap }) => `http://127.0.0.1.nip.io:${trap.split(":")[1]}/`,
  () => "http://169.254.169.254/latest/meta-data/",
  () => "file:///etc/passwd",
  () => "data:image/png;base64,AAAA",
  () => "ftp://a.example/x",
  () => "javascript:alert(1)",
  () => "//a.example/x",
  () => "https://",
  () => "",
  () => `https://a.example/${"p".repeat(100_000)}`,
  () => `https://${"a.".repeat(2_000)}example/`,
  () => "https://\u0000.example/",
  () => "https://a.example:99999/",
  () => "https://user:password@images.example.com/x",
  () => "https://xn--.example/\ud800",
  () => null,
];
