import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type ListKey = {
  readonly id: string;
  /** As lists write it. */
  readonly written: {
    readonly keytype: string;
    readonly scheme: string;
    readonly keyval: { readonly public: string };
  };
  readonly privateKey: KeyObject;
  readonly sign: (bytes: Buffer) => string;
};

/** A key that signs lists: made for one test and forgotten with it. */
export function makeListKey(kind: "ed25519" | "rsa" | "ecdsa" = "ed25519", more: object = {}): ListKey {
  if (kind === "rsa") return rsaKey();
  if (kind === "ecdsa") return ecdsaKey();
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const hex = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
  return listKey(
    { keytype: "ed25519", scheme: "ed25519", keyval: { public: hex }, ...more },
    privateKey,
    (bytes) => sign(null, bytes, privateKey),
  );
}

function rsaKey(): ListKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = constants;
  const padding = { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST };
  return listKey(
    { keytype: "rsa", scheme: "rsassa-pss-sha256", keyval: { public: pem(publicKey) } },
    privateKey,
    (bytes) => sign("sha256", bytes, { key: privateKey, ...padding }),
  );
}

function ecdsaKey(): ListKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return listKey(
    { keytype: "ecdsa", scheme: "ecdsa-sha2-nistp256", keyval: { public: pem(publicKey) } },
    privateKey,
    (bytes) => sign("sha256", bytes, privateKey),
  );
}

function pem(key: KeyObject): string {
  return key.export({ format: "pem", type: "spki" }).toString();
}

function listKey(
  written: ListKey["written"],
  privateKey: KeyObject,
  signBytes: (bytes: Buffer) => Buffer,
): ListKey {
  const id = createHash("sha256").update(JSON.stringify(written)).digest("hex");
  return { id, written, privateKey, sign: (bytes) => signBytes(bytes).toString("hex") };
}
