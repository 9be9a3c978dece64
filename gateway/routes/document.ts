import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Context } from "hono";
import { describedDocument, describedReference } from "../document/document-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import { contentPolicy, renderPage } from "../document/page/render-page.ts";
import { writeDocument } from "../document/write-document.ts";
import type { GatewayEnv } from "../gateway-env.ts";

/** What the gateway can do, for programs and for people; made when it is first asked for, and the same ever after. */
export function documentRoutes(makeOutline: () => object): DescribedRoutes {
  const routes = createRoutes();
  const document = once(async () => writeDocument({ ...makeOutline() }));
  const json = once(async () => pageOf(JSON.stringify(await document()), "application/json"));
  const page = once(async () => {
    const errors = await readFile(new URL("../ERRORS.md", import.meta.url), "utf8");
    return pageOf(renderPage(await document(), errors), "text/html; charset=utf-8");
  });
  mount(routes, describedDocument, async (c) => answerPage(c, await json()));
  mount(routes, describedReference, async (c) => {
    c.header("content-security-policy", contentPolicy);
    c.header("referrer-policy", "no-referrer");
    return answerPage(c, await page());
  });
  return routes;
}

type Page = { readonly text: string; readonly type: string; readonly etag: string };

function pageOf(text: string, type: string): Page {
  const digest = createHash("sha256").update(text).digest("base64url").slice(0, 27);
  return { text, type, etag: `"${digest}"` };
}

/** Kept by whoever asks, who asks each time whether it is still the same. */
function answerPage(c: Context<GatewayEnv>, { text, type, etag }: Page): Response {
  c.header("etag", etag);
  c.header("cache-control", "no-cache");
  c.header("x-content-type-options", "nosniff");
  if (hasSame(c.req.header("if-none-match"), etag)) return c.body(null, 304);
  return c.body(text, 200, { "content-type": type });
}

function hasSame(known: string | undefined, etag: string): boolean {
  return known === "*" || known?.split(",").some((each) => each.trim().replace(/^W\//, "") === etag) === true;
}

/** A failure is not kept: whoever asks next has another try. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
