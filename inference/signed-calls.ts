import type { HttpBindings } from "@hono/node-server";
import type { Context, MiddlewareHandler } from "hono";
import { type ReadBodyOptions, readBody } from "#infra/runtime/read-body.ts";
import { type CallVerifier, type PromisedBody, signatureHeader } from "#infra/runtime/signed-call.ts";

/** Who looks whether a process lives has no secret, and learns nothing else. */
const open: ReadonlySet<string> = new Set(["/v2/health/live", "/v2/health/ready"]);

/** Lets in what is signed; who is let in is not asked again by what stands behind this. */
export function demandSignature(calls: CallVerifier): MiddlewareHandler {
  return async function admitSigned(c, next) {
    if (!open.has(c.req.path)) {
      const line = { method: c.req.method, path: pathOf(c) };
      c.set("promisedBody", calls.admit(line, c.req.header(signatureHeader)));
    }
    await next();
  };
}

/** The body, which is the one that was signed where calls have to be; without a signature that says otherwise, any. */
export async function readPromisedBody(c: Context, options: ReadBodyOptions): Promise<Buffer> {
  const body = await readBody(c, options);
  promisedBodyOf(c)?.check(body);
  return body;
}

/** Undefined where calls need not be signed. */
export function promisedBodyOf(c: Context): PromisedBody | undefined {
  return c.get("promisedBody");
}

/** As it came; the web's request has made a proper address of it. */
function pathOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  if (incoming?.url !== undefined) return incoming.url;
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}
