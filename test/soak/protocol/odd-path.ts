import type { Random } from "../../support/random.ts";
import { pick } from "../wrong-input/compose.ts";
import { type Aim, type Made, sent } from "./draft.ts";
import { goodRequest } from "./good-requests.ts";
import { echoOf, models } from "./models.ts";
import { asked, askPaths } from "./questions.ts";

export function oddPath(aim: Aim, random: Random): Made {
  const draft = random.chance(0.5) ? goodRequest(aim, random) : asked("/v2/models/x");
  const path = pick(oddPaths, random)(draft.path, random);
  return sent(aim, { ...draft, path });
}

const names = [
  "",
  ".",
  "..",
  "%2e%2e",
  "no-such",
  "%00",
  `${models.colours}%00`,
  `${models.colours}%2f`,
  "constructor",
  "__proto__",
  "%F0%9F%90%8C",
  "%",
  "%zz",
  "%ff",
  "'",
  "m".repeat(5_000),
  "COLOURS",
  `${models.colours}-tensor-tensor`,
  "-tensor",
  "%63olours",
  "\u00e9",
  "stats",
  "a%2Fb",
  "a%5cb",
];
const versions = [
  "",
  "0",
  "1",
  "2",
  "01",
  "-1",
  "1.0",
  "1e3",
  "9".repeat(400),
  "%31",
  "latest",
  "%00",
  "1%00",
  "constructor",
  "+1",
  " ",
  "%20",
];
const endings = [
  "",
  "/infer",
  "/ready",
  "/config",
  "/stats",
  "/trace/setting",
  "/generate",
  "/infer/",
  "//infer",
  "/INFER",
  "/infer;a=b",
];

const oddPaths: readonly ((path: string, random: Random) => string)[] = [
  (_, random) => `/v2/models/${pick(names, random)}${pick(endings, random)}`.replaceAll(" ", "%20"),
  (_, random) =>
    `/v2/models/${pick([echoOf("FP32"), models.versions, pick(names, random)], random)}/versions/${pick(versions, random)}${pick(endings, random)}`.replaceAll(
      " ",
      "%20",
    ),
  (path) => `/${path}`,
  (path) => `${path}/`,
  (path) => path.toUpperCase(),
  (path) => path.replace("/v2", "/v1"),
  (path) => `${path}?a=1&a=2&b=%zz&__proto__=1`,
  (path) => `${path}?${"q=1&".repeat(3_000)}`,
  (path) => `${path}#fragment`,
  (path) => path.replace("/v2", "/%76%32"),
  () => "/v2/../v2/health/live",
  () => `/${"p/".repeat(3_000)}`,
  () => "/v2/..%2f..%2fetc/passwd",
  () => "/",
  () => "*",
  () => "/.env",
  (path) => `http://evil.example${path}`,
  (_, random) =>
    `/v2/${pick(["systemsharedmemory", "cudasharedmemory"], random)}/${pick(["status", "unregister", "region/r/status", "region/%00/register", "region/r/unregister"], random)}`,
];

const methods = ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "POST"];

export function oddMethod(aim: Aim, random: Random): Made {
  const method = pick(methods, random);
  const draft = random.chance(0.5)
    ? goodRequest(aim, random)
    : asked(pick([...askPaths, "/v2/repository/index", "/v2/logging"], random));
  return sent(aim, { ...draft, method });
}
