import { createSign, generateKeyPairSync, randomBytes } from "node:crypto";

export type Certificate = { readonly certificate: string; readonly key: string };

/** A certificate for the loopback that trusts nobody but itself, as a client reads it from a file (PEM, X.509 in DER). */
export function makeSelfSignedCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const name = sequence(set(sequence(oid(2, 5, 4, 3), text("tradewind test"))));
  const signedWith = sequence(oid(1, 2, 840, 10045, 4, 3, 2));
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    signedWith,
    name,
    sequence(time("20200101000000Z"), time("20991231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(sequence(oid(2, 5, 29, 17), tagged(0x04, loopbackNames())))),
  );
  const signature = createSign("sha256").update(body).sign(privateKey);
  const whole = sequence(body, signedWith, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${whole.toString("base64").replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function loopbackNames(): Buffer {
  return sequence(tagged(0x82, Buffer.from("localhost")), tagged(0x87, Buffer.from([127, 0, 0, 1])));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(parts));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function text(value: string): Buffer {
  return tagged(0x0c, Buffer.from(value));
}

function time(value: string): Buffer {
  return tagged(0x18, Buffer.from(value));
}

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(inSevens)]));
}

/** Seven bits a byte, the highest bit on all but the last. */
function inSevens(value: number): readonly number[] {
  const last = value & 0x7f;
  return value < 0x80 ? [last] : [...inSevens(value >> 7).map((part) => part | 0x80), last];
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
