import { OpenAPIHono } from "@hono/zod-openapi";
import { expect, test } from "vitest";
import { about } from "#gateway/document/about.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { adminTrialsRoutes } from "#gateway/routes/admin/trials.ts";
import { documentRoutes } from "#gateway/routes/document.ts";
import type { Comparing } from "#gateway/trials/compare-beside.ts";
import { reportTrials } from "#gateway/trials/report-trials.ts";
import { caller, tenant } from "#test/support/callers.ts";
import { type Document, undescribed } from "../../document/check-answer.ts";

const candidates = [{ kind: "shadow", provider: "new", share: 0.1 }] as const;
const plan = {
  model: "digits-s",
  incumbents: ["old"],
  candidates,
  isWatched: true,
  minimum: 0.9,
  sloMs: 250,
};

function open(
  report: Comparing["report"] = async () => ({ isShared: true, trials: reportTrials([plan], []) }),
) {
  const app = new OpenAPIHono<GatewayEnv>();
  app.onError(answerProblem);
  let as = "default";
  app.use(async (c, next) => {
    c.set("caller", caller({ tenant: tenant({ id: as }), scopes: new Set(["admin"]) }));
    c.set("requestId", "asking");
    await next();
  });
  app.route("/v1/admin", adminTrialsRoutes({ comparing: { report } }));
  app.route(
    "/",
    documentRoutes(() => app.getOpenAPI31Document(about)),
  );
  const document = async () => (await (await app.request("/openapi.json")).json()) as Document;
  const get = async (who = "default") => {
    as = who;
    const { status, headers, ...answer } = await read(await app.request("/v1/admin/trials"));
    return { status, headers, ...answer };
  };
  return { document, get };
}

async function read(answer: Response) {
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

test("the trials' answer has a row for each provider and a verdict, as the document says", async () => {
  const { document, get } = open();
  const answer = await get();
  expect(undescribed(await document(), "readTrials", answer)).toEqual([]);
  expect(JSON.parse(answer.text)).toMatchObject({
    kept_by: "fleet",
    trials: [
      {
        model: "digits-s",
        incumbents: [{ backend: "old", samples: 0, agreement: null }],
        candidates: [{ backend: "new", kind: "shadow", share: 0.1, verdict: "hold" }],
        drifting: [],
      },
    ],
  });
});

test("trials are of all tenants' requests, so that no tenant sees them", async () => {
  const { get } = open();
  expect((await get("acme")).status).toBe(403);
});

test("trials that cannot be read are a problem of the database, as the document says", async () => {
  const { document, get } = open(() => Promise.reject(new Error("gone")));
  const answer = await get();
  expect(JSON.parse(answer.text)).toMatchObject({ code: "database_unavailable" });
  expect(undescribed(await document(), "readTrials", answer)).toEqual([]);
});
