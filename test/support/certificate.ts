import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIPv4 } from "node:net";

export type Certificate = { readonly key: string; readonly cert: string };

/** A certificate that vouches for itself, good for these names for some years around now; no key lies in the repository. */
export function selfSigned(names: readonly string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const der = certificate(names, privateKey, publicKey);
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`,
  };
}

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  time: 0x17,
  list: 0x30,
  set: 0x31,
};
const ecdsaWithSha256 = der(tags.list, der(tags.oid, Buffer.from("2a8648ce3d040302", "hex")));

function certificate(names: readonly string[], privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const commonName = der(tags.list, oid("550403"), der(tags.text, Buffer.from(names[0] ?? "nobody")));
  const name = der(tags.list, der(tags.set, commonName));
  const validity = der(
    tags.list,
    der(tags.time, Buffer.from("200101000000Z")),
    der(tags.time, Buffer.from("490101000000Z")),
  );
  const unsigned = der(
    tags.list,
    der(0xa0, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(tags.list, authority(), alternativeNames(names))),
  );
  const signature = sign("sha256", unsigned, privateKey);
  return der(tags.list, unsigned, ecdsaWithSha256, der(tags.bits, Buffer.from([0]), signature));
}

/** Node trusts a certificate of a list only where it may vouch for others, itself among them. */
function authority(): Buffer {
  const isAuthority = der(tags.list, der(tags.boolean, Buffer.from([0xff])));
  return der(tags.list, oid("551d13"), der(tags.octets, isAuthority));
}

function alternativeNames(names: readonly string[]): Buffer {
  const list = der(tags.list, ...names.map(alternativeName));
  return der(tags.list, oid("551d11"), der(tags.octets, list));
}

/** An address is named by its bytes. */
function alternativeName(name: string): Buffer {
  return isIPv4(name) ? der(0x87, Buffer.from(name.split(".").map(Number))) : der(0x82, Buffer.from(name));
}

function oid(hex: string): Buffer {
  return der(tags.oid, Buffer.from(hex, "hex"));
}

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const { byteLength: length } = bytes;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}
