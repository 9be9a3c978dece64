import type { Random } from "../../support/random.ts";
import { allowedOrigin, ask, jpeg, type Made, pick, plain, type Target } from "./compose.ts";

/** A model that is not there, is spelled in a strange way, or is wanted in a version. */
export function oddModel(target: Target, random: Random): Made {
  const [model, version] = [pick(models, random), random.chance(0.6) ? `@${pick(versions, random)}` : ""];
  return plain(target, { path: `/v1/models/${model}${version}/detect` }, { mayPass: true });
}

const models = [
  ...Array.from({ length: 8 }, () => "digits-s"),
  "digits%2Ds",
  "",
  ".",
  "..",
  "%2e%2e",
  "no-such",
  "%00",
  "digits-s%00",
  "digits-s%2f",
  "DIGITS-S",
  "digits-s-tensor",
  "constructor",
  "__proto__",
  "%F0%9F%90%8C",
  "%",
  "%zz",
  "%ff",
  "'",
  "m".repeat(5_000),
];

const versions = [
  "1",
  "99",
  "",
  "@",
  "1@1",
  "latest",
  "..",
  "%00",
  "%2e",
  "-1",
  "01",
  "1%20",
  "v".repeat(3_000),
  "%c3%a9",
];

/** A task that the model does not have, with options that it would read otherwise. */
export function otherTask(target: Target, random: Random): Made {
  const task = pick(
    ["segment", "pose", "obb", "classify", "track", "Detect", "detect/", "detect/x", ""],
    random,
  );
  const query = pick(["", "?format=coco", "?classes=0&conf=2"], random);
  return plain(target, { path: `${target.path.replace(/detect$/, task)}${query}` });
}

export function oddPath(target: Target, random: Random): Made {
  const path = pick(paths, random)(target.path);
  return random.chance(0.5) ? passing(plain(target, { path })) : passing(ask(target, path));
}

function passing(made: Made): Made {
  return { ...made, mayPass: true };
}

const paths: readonly ((path: string) => string)[] = [
  () => "/",
  () => "//",
  (path) => `/${path}`,
  (path) => `${path}/`,
  (path) => path.toUpperCase(),
  (path) => path.replace("/v1", "/%76%31"),
  (path) => path.replace("/v1/", "/v1//"),
  (path) => `${path};a=b`,
  (path) => `/v2/..${path}`,
  (path) => `http://evil.example${path}`,
  () => "/v1",
  () => "/v1/",
  () => "/v1/models",
  () => "/v1/models/",
  () => "/v1/models?x=%zz",
  () => "/v1/models/digits-s",
  () => "/metrics",
  () => "/metrics/",
  () => "/livez",
  () => "/readyz",
  () => "/.env",
  () => "/%",
  () => "/%00",
  () => "/..%2f..%2fetc/passwd",
  () => "*",
  () => `/${"p/".repeat(3_000)}`,
  () => `/v1/${"../".repeat(500)}`,
  () => `/v2/${"%2e%2e/".repeat(500)}`,
];

const places = [
  "/v1/models",
  "/v1/usage",
  "/v1/admin/keys",
  "/v1/admin/tenants",
  "/v1/admin/audit",
  "/v2",
  "/v2/models",
  "/v2/models/digits-s/infer",
  "/v2/repository/index",
  "/metrics",
  "/livez",
  "/openapi.json",
  "/docs",
  "/no-such",
];

const verbs = [
  "GET",
  "PUT",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "QUERY",
  "POST",
  "SEARCH",
];

/** A verb that the place may not have; deletions name nothing that is there. */
export function wrongVerb(target: Target, random: Random): Made {
  const [method, path] = [pick(verbs, random), pick([target.path, ...places], random)];
  const headers = random.chance(0.5) ? jpeg : { "content-type": undefined };
  return passing(
    plain(target, { method, path, headers, ...(random.chance(0.5) ? { body: Buffer.alloc(0) } : {}) }),
  );
}

/** What a browser asks before it sends, from pages that may and pages that may not. */
export function preflight(target: Target, random: Random): Made {
  const origin = pick(
    [allowedOrigin, "https://evil.example", "null", "", "o".repeat(5_000), "\u00e9", undefined],
    random,
  );
  return passing(
    ask(
      target,
      pick([target.path, ...places], random),
      {
        authorization: random.chance(0.7) ? undefined : `Bearer ${target.key}`,
        origin,
        "access-control-request-method": pick(
          ["POST", "PUT", "x".repeat(900), "", "\u00e9", undefined],
          random,
        ),
        "access-control-request-headers": pick(
          ["authorization", "x-api-key, content-type", "*", ",".repeat(5_000), "x-evil", undefined],
          random,
        ),
      },
      "OPTIONS",
    ),
  );
}
