import { expect, test } from "vitest";
import { openPlace } from "#test/support/clouds/cloud-run/open-place.ts";

const service = "/v2/projects/team-vision/locations/europe-west4/services/digits";
const query = "$alt=json%3Benum-encoding=int";

type Asked = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

/** A call as a careless client would make it. */
async function ask({
  method = "PATCH",
  path = `${service}?${query}&updateMask=traffic`,
  headers,
  body,
}: Asked) {
  const { fake } = await openPlace({ transport: "rest" });
  const vouched = await fetch(
    `http://${fake.metadata.host}/computeMetadata/v1/instance/service-accounts/default/token`,
    { headers: { "metadata-flavor": "Google" } },
  );
  const { access_token: token } = (await vouched.json()) as { readonly access_token: string };
  const usual = {
    authorization: `Bearer ${token}`,
    "x-goog-request-params": "location=europe-west4",
    "content-type": "application/json",
  };
  const answered = await fetch(fake.url + path, {
    method,
    headers: { ...usual, ...headers },
    ...(method === "PATCH" && { body: JSON.stringify(body ?? { etag: '"e1"', traffic: [] }) }),
  });
  return { status: answered.status, problems: fake.problems() };
}

test("the fake of Cloud Run has nothing against a call as the contract has it", async () => {
  expect(await ask({})).toEqual({ status: 200, problems: [] });
});

test.each<[string, Asked, string]>([
  [
    "a field that a service has not",
    { body: { etag: '"e1"', traffic: [], replicas: 2 } },
    "has no field replicas",
  ],
  ["a field deep inside", { body: { etag: '"e1"', traffic: [{ share: 1 }] } }, "has no field share"],
  ["a count in words", { body: { etag: '"e1"', traffic: [{ percent: "all" }] } }, "percent is no int32"],
  ["an enum by name", { body: { etag: '"e1"', traffic: [{ type: "LATEST" }] } }, "is not one of its numbers"],
  ["a list that is none", { body: { etag: '"e1"', traffic: {} } }, "traffic is no list"],
  ["an update without its etag", { body: { traffic: [] } }, "without an etag"],
  [
    "a field outside the mask",
    { body: { etag: '"e1"', scaling: { minInstanceCount: 1 } } },
    "not in the mask",
  ],
  ["an update without a mask", { path: `${service}?${query}` }, "without a mask"],
  ["a mask of nothing known", { path: `${service}?${query}&updateMask=replicas` }, "names replicas"],
  ["enums asked for by name", { path: `${service}?updateMask=traffic` }, "not asked for by number"],
  [
    "a query that nobody knows",
    { path: `${service}?${query}&updateMask=traffic&force=1` },
    "has no query force",
  ],
  ["another path", { path: "/v1/services/digits", method: "GET" }, "there is no GET"],
  ["no route to its region", { headers: { "x-goog-request-params": "location=us" } }, "is routed by"],
  ["a token of nobody's", { headers: { authorization: "Bearer ya29.mine" } }, "without a token of ours"],
])("the fake of Cloud Run takes offence at %s", async (_, asked, problem) => {
  const { problems } = await ask(asked);
  expect(problems.join("\n")).toContain(problem);
});

test.each<[string, unknown, number]>([
  ["an etag of yesterday", { etag: '"e0"', traffic: [] }, 409],
  ["traffic that is not all of it", { etag: '"e1"', traffic: [{ type: 1, percent: 50 }] }, 400],
  [
    "a revision that is not there",
    { etag: '"e1"', traffic: [{ type: 2, revision: "digits-9", percent: 100 }] },
    400,
  ],
])("the fake of Cloud Run refuses %s", async (_, body, status) => {
  expect((await ask({ body })).status).toBe(status);
});
