import { fileURLToPath } from "node:url";
import { TradewindError } from "../errors.ts";
import { withoutCredentials } from "../secret.ts";
import { isKey } from "./blob-key.ts";

/** Where blobs lie, as an operator writes it. */
export type BlobPlace =
  | { readonly kind: "folder"; readonly path: string }
  | (S3Place & { readonly kind: "s3" })
  | (GcsPlace & { readonly kind: "gcs" })
  | (AzurePlace & { readonly kind: "azure" });

type CloudPlace = {
  /** Before every key: `""`, or ends in a slash. */
  readonly base: string;
  /** Another server than the cloud's own, by http or https. */
  readonly endpoint: string | undefined;
  /** Public blobs are read without credentials. */
  readonly anonymous: boolean;
};

export type S3Place = CloudPlace & {
  readonly bucket: string;
  readonly region: string | undefined;
  /** The bucket in the path instead of in the host's name: what most servers other than the cloud's own want. */
  readonly pathStyle: boolean;
};

export type GcsPlace = CloudPlace & { readonly bucket: string };

export type AzurePlace = CloudPlace & { readonly account: string; readonly container: string };

/**
 * `/a/folder`, `file:///a/folder`, `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true`, `gs://bucket/prefix` or
 * `az://account/container/prefix`; the clouds also take `endpoint` and `anonymous=true`.
 */
export function parseBlobUrl(text: string): BlobPlace {
  if (text === "" || text.includes("\0") || text.length > 4_096)
    throw invalid(text, "it is empty or too long");
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { kind: "folder", path: text };
  if (!URL.canParse(text)) throw invalid(text, "it is no URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") throw invalid(text, "credentials do not belong in it");
  switch (url.protocol) {
    case "file:":
      return { kind: "folder", path: folderOf(text, url) };
    case "s3:":
      return s3Place(text, url);
    case "gs:":
      return { kind: "gcs", bucket: bucketOf(text, url), ...cloudPlace(text, url, url.pathname, []) };
    case "az:":
      return azurePlace(text, url);
    default:
      throw invalid(text, "it begins with none of file://, s3://, gs:// and az://");
  }
}

function folderOf(text: string, url: URL): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw invalid(text, "it names no folder of this machine");
  }
}

function s3Place(text: string, url: URL): BlobPlace {
  const place = cloudPlace(text, url, url.pathname, ["region", "pathStyle"]);
  const region = url.searchParams.get("region") ?? undefined;
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/.test(region)) throw invalid(text, "its region is none");
  const pathStyle = flag(text, url, "pathStyle") ?? place.endpoint !== undefined;
  return { kind: "s3", bucket: bucketOf(text, url), region, pathStyle, ...place };
}

function azurePlace(text: string, url: URL): BlobPlace {
  const [, container = "", ...rest] = url.pathname.split("/");
  if (!/^[a-z0-9]{3,24}$/.test(url.host)) throw invalid(text, "its account is none");
  if (!/^(?:[a-z0-9](?:-?[a-z0-9]){2,62}|\$root|\$web)$/.test(container))
    throw invalid(text, "its container is none");
  return { kind: "azure", account: url.host, container, ...cloudPlace(text, url, `/${rest.join("/")}`, []) };
}

function cloudPlace(text: string, url: URL, path: string, own: readonly string[]): CloudPlace {
  const known = ["endpoint", "anonymous", ...own];
  for (const name of new Set(url.searchParams.keys())) {
    if (!known.includes(name)) throw invalid(text, `it may say ${known.join(", ")}, nothing else`);
    if (url.searchParams.getAll(name).length > 1) throw invalid(text, `it says ${name} twice`);
  }
  if (url.hash !== "") throw invalid(text, "it has a fragment");
  return {
    base: baseOf(text, path),
    endpoint: endpointOf(text, url),
    anonymous: flag(text, url, "anonymous") ?? false,
  };
}

function bucketOf(text: string, url: URL): string {
  if (/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(url.host)) return url.host;
  throw invalid(text, "its bucket is none");
}

function baseOf(text: string, path: string): string {
  const key = decoded(text, path).replace(/^\//, "").replace(/\/$/, "");
  if (key === "") return "";
  if (!isKey(key)) throw invalid(text, "its prefix is no key");
  return `${key}/`;
}

function decoded(text: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalid(text, "its prefix is not encoded as a URL");
  }
}

function endpointOf(text: string, url: URL): string | undefined {
  const endpoint = url.searchParams.get("endpoint");
  if (endpoint === null) return undefined;
  const { protocol, username, password, search } = URL.canParse(endpoint) ? new URL(endpoint) : url;
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "" || search !== "")
    throw invalid(text, "its endpoint is no plain http:// or https:// address");
  return endpoint.replace(/\/+$/, "");
}

function flag(text: string, url: URL, name: string): boolean | undefined {
  const value = url.searchParams.get(name);
  if (value === null) return undefined;
  if (value !== "true" && value !== "false") throw invalid(text, `its ${name} is neither true nor false`);
  return value === "true";
}

function invalid(text: string, why: string): TradewindError {
  const shown = URL.canParse(text) ? withoutCredentials(text) : "given";
  return new TradewindError("config_invalid", `the address of blobs ${shown} cannot be used: ${why}`, {
    hint: "write a folder, s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix",
  });
}
