import { WebSiteManagementClient } from "@azure/arm-appservice";
import { expect, test } from "vitest";
import { armOptions } from "#adapters/azure/arm-options.ts";
import { stayAtHome } from "#adapters/azure/stay-at-home.ts";

type HttpClient = NonNullable<ConstructorParameters<typeof WebSiteManagementClient>[2]>["httpClient"];
type Answer = Awaited<ReturnType<NonNullable<HttpClient>["sendRequest"]>>;

/** A client of the SDK whose server names these addresses, and what was sent where. */
function openClient(named: { readonly nextLink?: string; readonly location?: string }) {
  const sent: string[] = [];
  const httpClient: HttpClient = {
    sendRequest: async (request) => {
      sent.push(`${new URL(request.url).host} ${request.headers.get("authorization")}`);
      const body = JSON.stringify({ value: [], nextLink: sent.length > 1 ? null : named.nextLink });
      const answer = {
        request,
        headers: answering(request.headers, named.location),
        status: named.location ? 202 : 200,
      };
      return { ...answer, bodyAsText: body } as Answer;
    },
  };
  const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const options = { ...armOptions({ api: "https://arm.example" }), httpClient };
  return { client: new WebSiteManagementClient(credential, "s", options), sent };
}

function answering(headers: Answer["headers"], location: string | undefined): Answer["headers"] {
  for (const [name] of headers) headers.delete(name);
  if (location !== undefined) headers.set("location", location);
  return headers;
}

async function listAll({ client }: ReturnType<typeof openClient>): Promise<void> {
  for await (const _ of client.webApps.listInstanceIdentifiers("g", "a"));
}

test("a list of Azure that goes on at a stranger's is not asked for there, since a token would go along", async () => {
  const opened = openClient({ nextLink: "https://evil.example/next" });
  await expect(listAll(opened)).rejects.toMatchObject({ code: "provider_answer_invalid" });
  expect(opened.sent).toEqual(["arm.example Bearer t"]);
});

test("a list of Azure that goes on at a region of it is read to its end", async () => {
  const opened = openClient({ nextLink: "https://west.arm.example/next" });
  await listAll(opened);
  expect(opened.sent).toEqual(["arm.example Bearer t", "west.arm.example Bearer t"]);
});

test("how a change of Azure ends is not asked of a stranger", async () => {
  const opened = openClient({ location: "https://evil.example/operation" });
  const ended = opened.client.webApps.swapSlot("g", "a", "b", {
    targetSlot: "production",
    preserveVnet: true,
  });
  await expect(ended).rejects.toMatchObject({ code: "provider_answer_invalid" });
  expect(opened.sent).toEqual(["arm.example Bearer t"]);
});

test.each([
  ["https://arm.example/x", true],
  ["https://west.arm.example/x", true],
  ["https://management.azure.com/x", true],
  ["https://notarm.example/x", false],
  ["http://arm.example/x", false],
  ["http://west.arm.example/x", false],
  ["https://arm.example:8443/x", false],
  ["https://arm.example@evil.example/x", false],
  ["no address", false],
])("whether %s is Azure's own is %s", async (url, isHome) => {
  const policy = stayAtHome("https://arm.example/");
  let isSent = false;
  const send = policy.sendRequest({ url } as Parameters<typeof policy.sendRequest>[0], async () => {
    isSent = true;
    return {} as Answer;
  });
  await send.catch(() => undefined);
  expect(isSent).toBe(isHome);
});
