import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type FetchOptions, fetchImage } from "#gateway/bodies/fetch-image.ts";
import { isPublicAddress } from "#gateway/bodies/public-address.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type HttpsServer, startHttpsServer } from "#test/support/https-server.ts";

const host = "images.example.com";
const bytes = Buffer.from("an image, as far as anybody here knows");

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const stack = new AsyncDisposableStack();
let server: HttpsServer;
let answer: Answer;

beforeAll(async () => {
  server = stack.use(
    await startHttpsServer([host, "other.example.com"], (request, response) => answer(request, response)),
  );
});
afterAll(() => stack.disposeAsync());

let seenBefore = 0;
beforeEach(() => {
  seenBefore = server.requests.length;
  answer = (_, response) => response.end(bytes);
});
const requestCount = () => server.requests.length - seenBefore;

/** 127.0.0.1 stands for a public address, so that a real server can be one. */
const isPublic = (address: string) => address === "127.0.0.1" || isPublicAddress(address);

function fetchFrom(url = `https://${host}:${server.port}/a.jpg?size=1`, options: Partial<FetchOptions> = {}) {
  return fetchImage(url, {
    signal: new AbortController().signal,
    maxBytes: 100_000,
    timeoutMs: 5_000,
    allow: [`*.example.com:${server.port}`],
    resolve: () => Promise.resolve(["127.0.0.1"]),
    isPublic,
    ca: server.ca,
    ...options,
  });
}

const refusedAs = (code: string) => expect.objectContaining({ code });

const redirectTo =
  (location: string, status = 302): Answer =>
  (request, response) =>
    request.url === "/end" ? response.end(bytes) : response.writeHead(status, { location }).end("elsewhere");

test("an image is fetched by name and path, with nothing that tells who we are", async () => {
  expect(await fetchFrom()).toEqual(bytes);
  const request = server.requests.at(-1);
  expect([request?.method, request?.url, server.names.at(-1)]).toEqual(["GET", "/a.jpg?size=1", host]);
  expect(request?.headers).toEqual({
    host: `${host}:${server.port}`,
    connection: expect.anything(),
    accept: "image/*",
    "accept-encoding": "identity",
    "user-agent": "tradewind",
  });
});

test("an image in many pieces without a length is whole", async () => {
  const large = Buffer.alloc(90_000, "x");
  answer = (_, response) => {
    for (let at = 0; at < large.byteLength; at += 9_000) response.write(large.subarray(at, at + 9_000));
    response.end();
  };
  expect(await fetchFrom()).toEqual(large);
});

test("the connection is closed when the image is here, or when it was refused", async () => {
  await fetchFrom();
  answer = (_, response) => response.writeHead(404).end("no");
  await expect(fetchFrom()).rejects.toThrow();
  const [first, second] = server.requests.slice(-2);
  await vi.waitFor(() => expect([first?.socket.destroyed, second?.socket.destroyed]).toEqual([true, true]));
});

test("a proxy of the environment is not asked", async () => {
  for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"]) vi.stubEnv(name, "http://127.0.0.1:9");
  vi.stubEnv("NODE_USE_ENV_PROXY", "1");
  try {
    expect(await fetchFrom()).toEqual(bytes);
  } finally {
    vi.unstubAllEnvs();
  }
});

test("the connection goes to the address that was looked at, whatever the name says a moment later", async () => {
  const answers = [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"]];
  const resolve = vi.fn(() => Promise.resolve(answers.shift() ?? []));
  expect(await fetchFrom(undefined, { resolve })).toEqual(bytes);
  expect(resolve).toHaveBeenCalledTimes(1);
});

test.each([
  ["a private one", ["10.0.0.1"]],
  ["a private one among public ones", ["127.0.0.1", "8.8.8.8", "10.0.0.1"]],
  ["the metadata service", ["169.254.169.254"]],
  ["a loopback one of IPv6", ["127.0.0.1", "::1"]],
  ["a private one dressed as IPv6", ["127.0.0.1", "::ffff:10.0.0.1"]],
  ["one that is no address", ["127.0.0.1", "localhost"]],
  ["more than anybody has", Array.from({ length: 65 }, () => "127.0.0.1")],
])("a name whose addresses have %s is refused before anything is sent", async (_, addresses) => {
  const fetching = fetchFrom(undefined, { resolve: () => Promise.resolve(addresses) });
  await expect(fetching).rejects.toThrow(refusedAs("url_refused"));
  await expect(fetching).rejects.toThrow(
    expect.objectContaining({ message: expect.not.stringMatching(/\d+\.\d+|::/) }),
  );
  expect(requestCount()).toBe(0);
});

test("without an override the loopback address is refused too", async () => {
  await expect(fetchFrom(undefined, { isPublic: isPublicAddress })).rejects.toThrow(refusedAs("url_refused"));
});

test.each([
  ["has no address", () => Promise.resolve([])],
  ["can't be looked up", () => Promise.reject(new Error("queryA ESERVFAIL 10.0.0.2"))],
])("a name that %s is unreachable", async (_, resolve) => {
  await expect(fetchFrom(undefined, { resolve })).rejects.toThrow(refusedAs("url_unreachable"));
  await expect(fetchFrom(undefined, { resolve })).rejects.not.toThrow("10.0.0.2");
});

test("a host that is not on the list is refused", async () => {
  await expect(fetchFrom(`https://${host}:${server.port}/`, { allow: ["b.example"] })).rejects.toThrow(
    refusedAs("url_refused"),
  );
  expect(requestCount()).toBe(0);
});

test.each([301, 302, 303, 307, 308])("a redirect of status %i is followed", async (status) => {
  answer = redirectTo("/end", status);
  expect(await fetchFrom()).toEqual(bytes);
  expect(requestCount()).toBe(2);
});

test("a redirect to another name is looked at and asked for by that name", async () => {
  answer = redirectTo(`https://other.example.com:${server.port}/end`);
  const resolve = vi.fn((_: string) => Promise.resolve(["127.0.0.1"]));
  expect(await fetchFrom(undefined, { resolve })).toEqual(bytes);
  expect(resolve.mock.calls.map(([name]) => name)).toEqual([host, "other.example.com"]);
  expect(server.names.at(-1)).toBe("other.example.com");
});

test("a redirect to a name with a private address is refused", async () => {
  answer = redirectTo(`https://other.example.com:${server.port}/end`);
  const resolve = (name: string) => Promise.resolve([name === host ? "127.0.0.1" : "10.0.0.1"]);
  await expect(fetchFrom(undefined, { resolve })).rejects.toThrow(refusedAs("url_refused"));
  expect(requestCount()).toBe(1);
});

test("a name that turns private between two redirects is refused", async () => {
  answer = redirectTo("/end");
  const answers = [["127.0.0.1"], ["10.0.0.1"]];
  const fetching = fetchFrom(undefined, { resolve: () => Promise.resolve(answers.shift() ?? []) });
  await expect(fetching).rejects.toThrow(refusedAs("url_refused"));
  expect(requestCount()).toBe(1);
});

test.each([
  "http://images.example.com/end",
  "https://127.0.0.1/end",
  "//169.254.169.254/latest/meta-data",
  "https://user@images.example.com/end",
  "https:/\\127.0.0.1/end",
  "\\\\127.0.0.1\\end",
  "https://localhost/end",
  "file:///etc/passwd",
  "https://elsewhere.example/end",
  "https://[::1]/end",
])("a redirect to %s is refused", async (location) => {
  answer = redirectTo(location);
  await expect(fetchFrom()).rejects.toThrow(refusedAs("url_refused"));
  expect(requestCount()).toBe(1);
});

test("three redirects are followed, a fourth is not, and a loop ends there", async () => {
  const hops = ["/1", "/2", "/3"];
  answer = (request, response) => {
    const next = hops[Number(request.url?.slice(1, 2)) || 0];
    if (next) response.writeHead(302, { location: next }).end();
    else response.end(bytes);
  };
  expect(await fetchFrom(`https://${host}:${server.port}/0`)).toEqual(bytes);
  answer = (_, response) => response.writeHead(302, { location: "/again" }).end();
  seenBefore = server.requests.length;
  await expect(fetchFrom()).rejects.toThrow(refusedAs("url_refused"));
  expect(requestCount()).toBe(4);
});

test.each([
  ["with a length", true],
  ["without a length", false],
])("a body larger than allowed is given up %s", async (_, hasLength) => {
  let sent = 0;
  answer = (_, response) => {
    if (hasLength) response.writeHead(200, { "content-length": 50_000_000 });
    const piece = Buffer.alloc(16_384);
    const pump = (): void => {
      while (!response.destroyed && sent < 50_000_000) {
        sent += piece.byteLength;
        if (!response.write(piece)) return void response.once("drain", pump);
      }
    };
    pump();
  };
  await expect(fetchFrom()).rejects.toThrow(refusedAs("url_refused"));
  expect(sent).toBeLessThan(20_000_000);
});

test("a body that drips is given up in time", async () => {
  let timer: NodeJS.Timeout | undefined;
  answer = (_, response) => {
    response.writeHead(200);
    timer = setInterval(() => response.write("x"), 20);
    response.on("close", () => clearInterval(timer));
  };
  const from = performance.now();
  await expect(fetchFrom(undefined, { timeoutMs: 300 })).rejects.toThrow(refusedAs("url_unreachable"));
  expect(performance.now() - from).toBeLessThan(3_000);
  await vi.waitFor(() => expect(server.requests.at(-1)?.socket.destroyed).toBe(true));
});

test.each([
  ["a server that says nothing", { answer: () => {} }],
  ["a name that is never looked up", { resolve: () => new Promise<never>(() => {}) }],
])(
  "%s is given up in time",
  async (_, { answer: given, resolve }: { answer?: Answer; resolve?: FetchOptions["resolve"] }) => {
    if (given) answer = given;
    const fetching = fetchFrom(undefined, { timeoutMs: 200, ...(resolve ? { resolve } : {}) });
    await expect(fetching).rejects.toThrow(refusedAs("url_unreachable"));
  },
);

test("redirects that each take their time share one bound", async () => {
  answer = (_, response) => void setTimeout(() => response.writeHead(302, { location: "/x" }).end(), 150);
  await expect(fetchFrom(undefined, { timeoutMs: 250 })).rejects.toThrow(refusedAs("url_unreachable"));
});

test("a caller who leaves ends the fetching with the caller's own reason", async () => {
  const leaving = new AbortController();
  answer = () => leaving.abort(new TradewindError("caller_left", "gone"));
  await expect(fetchFrom(undefined, { signal: leaving.signal })).rejects.toThrow(refusedAs("caller_left"));
  await vi.waitFor(() => expect(server.requests.at(-1)?.socket.destroyed).toBe(true));
});

test.each([
  ["a status that is no success", (_, response) => response.writeHead(404).end("no")],
  ["a success without the whole image", (_, response) => response.writeHead(206).end("part")],
  ["a redirect to nowhere", (_, response) => response.writeHead(302).end()],
  ["a compressed body", (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x")],
  ["an empty body", (_, response) => response.end()],
  [
    "a body cut short",
    (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("x", () => response.destroy());
    },
  ],
  ["a hang-up", (request) => request.socket.destroy()],
  ["headers without end", (_, response) => response.writeHead(200, { x: "y".repeat(20_000) }).end("x")],
] as const satisfies readonly (readonly [string, Answer])[])(
  "%s makes an image unreachable",
  async (_, given) => {
    answer = given;
    await expect(fetchFrom()).rejects.toThrow(refusedAs("url_unreachable"));
  },
);

test("a certificate that nobody vouches for is not accepted", async () => {
  await using stranger = await startHttpsServer([host], (_, response) => response.end(bytes));
  const url = `https://${host}:${stranger.port}/`;
  const fetching = fetchFrom(url, { allow: [`${host}:${stranger.port}`] });
  await expect(fetching).rejects.toThrow(/certificate/);
  expect(stranger.requests).toHaveLength(0);
});

test("a certificate of another name is not accepted", async () => {
  const url = `https://third.example.com:${server.port}/`;
  await expect(fetchFrom(url)).rejects.toThrow(/certificate of third.example.com/);
  expect(requestCount()).toBe(0);
});

test("nobody at the address is unreachable, and the address is not told", async () => {
  await using gone = await startHttpsServer([host], () => {});
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  const fetching = fetchFrom(`https://${host}:${port}/`, { allow: [`${host}:${port}`] });
  await expect(fetching).rejects.toThrow(refusedAs("url_unreachable"));
  await expect(fetching).rejects.toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("127.") }),
  );
});
