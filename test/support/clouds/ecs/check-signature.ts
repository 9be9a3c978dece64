import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export type Signer = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
};

export type SignedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
};

const service = "ecs";
/** As far as the real one lets clocks differ. */
const mostSkewMs = 15 * 60_000;

/** What is wrong with a request's signature (version 4), computed once more with the secret; undefined where nothing is. */
export function signatureProblem(request: SignedRequest, signer: Signer, now: number): string | undefined {
  const { headers } = request;
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^/]+\/[^/]+\/aws4_request), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/;
  const [, key, scope = "", signed = "", signature] = form.exec(headers.authorization ?? "") ?? [];
  if (signature === undefined) return `no signature of version 4: ${headers.authorization}`;
  if (key !== signer.accessKeyId) return `unknown key ${key}`;
  const date = String(headers["x-amz-date"]);
  const at = Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!(Math.abs(at - now) < mostSkewMs)) return `the date ${date} is not now`;
  const [day = "", region, named] = scope.split("/");
  if (!date.startsWith(day) || region !== signer.region || named !== service) return `wrong scope ${scope}`;
  const names = signed.split(";");
  for (const name of ["host", "x-amz-date", "x-amz-target"])
    if (!names.includes(name)) return `${name} is not signed`;
  const expected = sign(request, { signer, date, day, scope, names });
  return expected === signature ? undefined : "the signature is not of this request";
}

type Parts = {
  readonly signer: Signer;
  readonly date: string;
  readonly day: string;
  readonly scope: string;
  readonly names: readonly string[];
};

function sign(
  { method, path, headers, body }: SignedRequest,
  { signer, date, day, scope, names }: Parts,
): string {
  const lines = names.map(
    (name) =>
      `${name}:${String(headers[name] ?? "")
        .trim()
        .replace(/ +/g, " ")}\n`,
  );
  const [pathname = "/", query = ""] = path.split("?");
  const canonical = [method, pathname, query, lines.join(""), names.join(";"), sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = [day, signer.region, service, "aws4_request"].reduce<Uint8Array>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${signer.secretAccessKey}`),
  );
  return Buffer.from(hmac(key, text)).toString("hex");
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Uint8Array, data: string): Uint8Array {
  return createHmac("sha256", key).update(data).digest();
}
