import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** The door beside an app at which its managed identity asks for tokens. */
export type IdentityDoor = {
  readonly env: Readonly<Record<string, string>>;
  /** How often a token was asked for. */
  readonly asked: () => number;
  /** What a real one would not have answered. */
  readonly problems: () => readonly string[];
};

/**
 * One for the whole process, for as long as it lives: the SDK remembers for that long which door it found, and what it was
 * given there. It speaks the protocol of App Service (2019-08-01), which Container Apps has too.
 */
export function identityDoor(): Promise<IdentityDoor> {
  shared ??= openDoor();
  return shared;
}

let shared: Promise<IdentityDoor> | undefined;

const lifeMs = 86_400_000;

async function openDoor(): Promise<IdentityDoor> {
  const secret = randomUUID();
  const problems: string[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    const resource = resourceOf(request, secret);
    if (resource === undefined) {
      problems.push(`the identity's door heard ${request.method} ${request.url}`);
      response.writeHead(400).end("{}");
      return;
    }
    asked += 1;
    const until = Date.now() + lifeMs;
    const said = {
      access_token: tokenOf(resource, until),
      expires_on: String(Math.floor(until / 1_000)),
      resource,
      token_type: "Bearer",
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    env: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: secret },
    asked: () => asked,
    problems: () => problems,
  };
}

function resourceOf({ url = "/", headers }: IncomingMessage, secret: string): string | undefined {
  const { pathname, searchParams } = new URL(url, "http://door");
  const isRight =
    pathname === "/msi/token" &&
    searchParams.get("api-version") === "2019-08-01" &&
    headers["x-identity-header"] === secret;
  return isRight ? (searchParams.get("resource") ?? undefined) : undefined;
}

const key = randomBytes(32);

function tokenOf(audience: string, until: number): string {
  const said = Buffer.from(JSON.stringify({ audience, until })).toString("base64url");
  return `${said}.${createHmac("sha256", key).update(said).digest("base64url")}`;
}

/** Whom a bearer's token is for; undefined for one that was not given out here, or that is too old. */
export function audienceOf(authorization = ""): string | undefined {
  const [said = "", mac] = authorization.replace(/^Bearer /, "").split(".");
  if (mac !== createHmac("sha256", key).update(said).digest("base64url")) return undefined;
  const { audience, until } = JSON.parse(Buffer.from(said, "base64url").toString("utf8")) as {
    readonly audience: string;
    readonly until: number;
  };
  return until > Date.now() ? audience.replace(/\/+$/, "") : undefined;
}
