import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { pngBomb } from "../../support/bomb.ts";
import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { garbled, hugeJpeg, hugePng, randomBytes, shuffled, truncated } from "../wrong-input/images.ts";
import { type Aim, type Draft, jsonBytes, type Made, render, renderBody, sent } from "./draft.ts";
import { binaryImages, binaryTensor, goodRequest, imageRequest, infer, texts } from "./good-requests.ts";
import { echoOf, models } from "./models.ts";

/** What the largest request of the backend under fire may be; bombs unpack to more. */
export const maxBodyBytes = 4 * 1_048_576;

const bombBytes = maxBodyBytes * 2;
let bombs: readonly (readonly [encoding: string, body: Buffer])[] | undefined;

function packedBombs(): readonly (readonly [encoding: string, body: Buffer])[] {
  const zeros = Buffer.alloc(bombBytes);
  bombs ??= [
    ["gzip", gzipSync(zeros)],
    ["deflate", deflateSync(zeros)],
    ["gzip", gzipSync(gzipSync(zeros))],
    ["gzip", Buffer.concat(Array.from({ length: 9 }, () => gzipSync(Buffer.alloc(1_048_576))))],
  ];
  return bombs;
}

/** Bytes behind the JSON part that are too few, too many, or not what was said. */
export function oddTail(aim: Aim, random: Random): Made {
  const draft = pick([binaryTensor, texts, (some: Random) => binaryImages(aim, some)], random)(random);
  const { tail } = draft;
  const odd = pick(
    [
      tail.subarray(0, random.integer(0, tail.length)),
      Buffer.concat([tail, randomBytes(random.integer(1, 50), random)]),
      Buffer.concat([tail, tail]),
      tail.length > 0
        ? garbled(Buffer.concat([tail, Buffer.alloc(40)]), random).subarray(0, tail.length)
        : tail,
    ],
    random,
  );
  const length: [string, string] = ["inference-header-content-length", `${jsonBytes(draft.json).length}`];
  return sent(aim, { ...draft, tail: odd, headers: [length] });
}

/** The lengths before elements of BYTES lie. */
export function oddLengths(aim: Aim, random: Random): Made {
  const draft = random.chance(0.7) ? texts(random) : binaryImages(aim, random);
  const tail = Buffer.from(draft.tail);
  const lengths = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, tail.length, tail.length - 4, tail.length - 3];
  if (tail.length >= 4)
    tail.writeUInt32LE(
      pick(lengths, random) >>> 0,
      random.chance(0.6) ? 0 : random.integer(0, tail.length - 4),
    );
  return sent(aim, { ...draft, tail });
}

/** Text elements that are no text, or hold what texts rarely hold. */
export function oddTexts(aim: Aim, random: Random): Made {
  const element = pick(
    [
      randomBytes(random.integer(0, 60), random),
      Buffer.from([0xff, 0xfe]),
      Buffer.from([0xef, 0xbb, 0xbf, 0x61]),
      Buffer.from([0]),
      Buffer.from("a\u0000b"),
      Buffer.alloc(100_000, 0x61),
      Buffer.from("\u{1f40c}".repeat(random.integer(1, 50))),
    ],
    random,
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(element.length);
  const tail = Buffer.concat([length, element]);
  const inputs = [
    { name: "INPUT0", datatype: "BYTES", shape: [1], parameters: { binary_data_size: tail.length } },
  ];
  const parameters = { binary_data_output: random.chance(0.5) };
  return sent(aim, infer(pick([echoOf("BYTES"), models.oneText], random), { inputs, parameters }, tail));
}

/** A body that is nothing but one input's bytes, right or wrong in length. */
export function rawBody(aim: Aim, random: Random): Made {
  const model = pick(
    [models.colours, echoOf("FP32"), echoOf("BYTES"), models.sum, echoOf("FP16"), models.batch],
    random,
  );
  const tail = random.chance(0.4)
    ? pick(Object.values(aim.images), random)
    : randomBytes(random.integer(1, 400), random);
  return sent(aim, { ...infer(model, undefined, tail), headers: [["inference-header-content-length", "0"]] });
}

export function oddImage(aim: Aim, random: Random): Made {
  const good = pick(Object.values(aim.images), random);
  const image = pick(imageSpoilers, random)(good, random, aim);
  const images = random.chance(0.85) ? [image] : [good, image, good];
  return sent(aim, imageRequest(images, random.chance(0.2) ? { conf: 0, max_detections: 300 } : {}));
}

let bomb: Buffer | undefined;

const imageSpoilers: readonly ((image: Buffer, random: Random, aim: Aim) => Buffer)[] = [
  truncated,
  garbled,
  garbled,
  shuffled,
  (image, random) => Buffer.concat([image, randomBytes(random.integer(1, 2_000), random)]),
  (_, random) => randomBytes(random.integer(0, 3_000), random),
  (_, random, { images }) => hugePng(images.png, random),
  (_, random, { images }) => hugeJpeg(images.jpeg, random),
  () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>'),
  () => (bomb ??= pngBomb(20_000, 5_000)),
  (image) => image.subarray(0, 12),
];

/** A body in an encoding that is not what the header says, is broken, or unpacks without end. */
export function oddEncoding(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  const plain = Buffer.concat([jsonBytes(draft.json), draft.tail]);
  const [encoding, body] = pick(encoders, random)(plain, random);
  const length: [string, string][] =
    draft.tail.length > 0 ? [["inference-header-content-length", `${jsonBytes(draft.json).length}`]] : [];
  return {
    bytes: [renderBody(aim, { ...draft, headers: [...length, ["content-encoding", encoding]] }, body)],
  };
}

type Encoder = (plain: Buffer, random: Random) => readonly [encoding: string, body: Buffer];

const encoders: readonly Encoder[] = [
  (plain) => ["gzip", gzipSync(plain)],
  (plain) => ["deflate", deflateSync(plain)],
  (plain) => ["GZip", gzipSync(plain)],
  (plain, random) => ["gzip", truncated(gzipSync(plain), random)],
  (plain, random) => ["deflate", truncated(deflateSync(plain), random)],
  (plain, random) => ["gzip", garbled(Buffer.concat([gzipSync(plain), Buffer.alloc(40)]), random)],
  (plain) => ["deflate", deflateRawSync(plain)],
  (plain) => ["gzip", deflateSync(plain)],
  (plain) => ["deflate", gzipSync(plain)],
  (plain) => ["gzip", plain],
  (plain) => ["gzip", gzipSync(gzipSync(plain))],
  (plain) => ["gzip", Buffer.concat([gzipSync(plain.subarray(0, 9)), gzipSync(plain.subarray(9))])],
  (plain) => ["gzip", Buffer.concat([gzipSync(plain), Buffer.from("tail")])],
  (plain, random) => [pick(encodings, random), random.chance(0.5) ? gzipSync(plain) : plain],
  (_, random) => pick(packedBombs(), random),
];

const encodings = [
  "br",
  "zstd",
  "compress",
  "identity",
  "x-gzip",
  "gzip, gzip",
  "gzip;q=1",
  "",
  "toString",
  "__proto__",
  "g".repeat(3_000),
];

/** The body arrives in chunks, whole or broken off. */
export function chunkedBody(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  const plain = Buffer.concat([jsonBytes(draft.json), draft.tail]);
  const head = renderBody(aim, { ...draft, headers: lengthOf(draft) }, Buffer.alloc(0), [
    ["transfer-encoding", "chunked"],
  ]);
  const broken = pick(
    [
      "0\r\n\r\n",
      "0\r\n\r\n",
      "0\r\n\r\n",
      "zz\r\n",
      "-1\r\n",
      "ffffffffffffffffff\r\n",
      "5\r\nabc",
      "\r\n",
      "0\r\nbad",
    ],
    random,
  );
  const unframed = broken !== "0\r\n\r\n";
  const bytes = [head, ...chunksOf(plain, random), Buffer.from(broken)];
  return { bytes, unframed, end: unframed ? "leaves" : "waits", slow: random.chance(0.05) };
}

export function lengthOf({ json, tail }: Draft): Draft["headers"] {
  return tail.length === 0 ? [] : [["inference-header-content-length", `${jsonBytes(json).length}`]];
}

export function chunksOf(body: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + random.integer(1, Math.max(1, Math.ceil(body.length / 3))));
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
    at += piece.length;
  }
  return pieces;
}

/** More than the backend takes, told before or found out on the way. */
export function tooLarge(aim: Aim, random: Random): Made {
  const draft = goodRequest(aim, random);
  if (random.chance(0.7)) {
    const length = pick(
      [`${maxBodyBytes + 1}`, "1073741824", "9007199254740993", "99999999999999999999"],
      random,
    );
    const bytes = [render(aim, { ...draft, headers: [["content-length", length]] })];
    return { bytes, unframed: true, end: random.chance(0.5) ? "leaves" : "waits" };
  }
  const head = renderBody(aim, draft, Buffer.alloc(0), [["transfer-encoding", "chunked"]]);
  const megabyte = Buffer.concat([
    Buffer.from("100000\r\n"),
    Buffer.alloc(1_048_576, 0x20),
    Buffer.from("\r\n"),
  ]);
  return { bytes: [head, ...Array.from({ length: 6 }, () => megabyte)], unframed: true, end: "waits" };
}
