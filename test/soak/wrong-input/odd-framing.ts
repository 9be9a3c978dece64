import type { Random } from "../../support/random.ts";
import { jpeg, type Made, pick, plain, request, type Target } from "./compose.ts";
import { garbled } from "./images.ts";

export function vastLength(target: Target, random: Random): Made {
  const length = pick(["1073741824", "99999999999999999999", "20971521", "9007199254740993"], random);
  return plain(
    target,
    { headers: { ...jpeg, "content-length": length } },
    { end: random.chance(0.5) ? "leaves" : "waits", unframed: true },
  );
}

/** The rest of the image is then read as the next request. */
export function shortLength(target: Target, random: Random): Made {
  const length = String(random.integer(0, target.images.jpeg.length - 1));
  return plain(
    target,
    { headers: { ...jpeg, "content-length": length, connection: undefined } },
    {
      mayPass: true,
      unframed: true,
      end: "leaves",
    },
  );
}

export function leftHalfWay(target: Target, random: Random): Made {
  const whole = request(target, {});
  return { bytes: [whole.subarray(0, random.integer(1, whole.length - 1))], end: "leaves", unframed: true };
}

export function chunked(target: Target, random: Random): Made {
  const head = request(target, { headers: chunkedHeaders, body: Buffer.alloc(0) });
  const body = random.chance(0.5) ? target.images.jpeg : garbled(target.images.jpeg, random);
  return { bytes: [head, ...chunks(body, random), Buffer.from("0\r\n\r\n")] };
}

const chunkedHeaders = { ...jpeg, "content-length": undefined, "transfer-encoding": "chunked" };

function chunks(body: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + random.integer(1, 3000));
    pieces.push(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]));
    at += piece.length;
  }
  return pieces;
}

export function brokenChunks(target: Target, random: Random): Made {
  const head = request(target, { headers: chunkedHeaders, body: Buffer.alloc(0) });
  const broken = pick(
    ["zz\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "5\r\nabc", "5;x=\r\nhello", "\r\n", "0\r\nbad"],
    random,
  );
  return {
    bytes: [head, ...chunks(target.images.jpeg, random), Buffer.from(broken)],
    end: "leaves",
    unframed: true,
  };
}

/** Three megabytes past the default limit, never finished. */
export function endlessChunks(target: Target, random: Random): Made {
  const head = request(target, { headers: chunkedHeaders, body: Buffer.alloc(0) });
  if (random.chance(0.8))
    return { bytes: [head, chunks(target.images.jpeg, random)[0] ?? head], end: "leaves", unframed: true };
  const megabyte = Buffer.concat([
    Buffer.from("100000\r\n"),
    Buffer.alloc(0x100000, 0x41),
    Buffer.from("\r\n"),
  ]);
  return { bytes: [head, ...Array.from({ length: 23 }, () => megabyte)], unframed: true };
}

export function twoFramings(target: Target, random: Random): Made {
  const headers = {
    ...jpeg,
    "transfer-encoding": pick(["chunked", "gzip, chunked", "chunked, identity", "xchunked"], random),
  };
  return plain(target, { headers }, { unframed: true, end: "leaves" });
}

export function brokenLine(target: Target, random: Random): Made {
  const line = pick(
    [
      "",
      "POST",
      `POST ${target.path}`,
      `POST ${target.path} HTTP/9.9`,
      `post ${target.path} HTTP/1.1`,
      "PRI * HTTP/2.0",
      `POST  ${target.path} HTTP/1.1`,
      "\u0016\u0003\u0001\u0002",
      `GET http://${target.host}${target.path} HTTP/1.1`,
      `FETCH ${target.path} HTTP/1.1`,
      "GET /\u0000 HTTP/1.1",
      `GET ${target.path} HTTP/1.0`,
    ],
    random,
  );
  return {
    bytes: [Buffer.from(`${line}\r\nhost: ${target.host}\r\n\r\n`, "latin1")],
    end: "leaves",
    unframed: true,
  };
}
