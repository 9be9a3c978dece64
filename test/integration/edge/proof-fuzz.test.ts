import { createHash, generateKeyPairSync } from "node:crypto";
import { CompactSign } from "jose";
import { Agent, errors, request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEnrolment } from "#gateway/records/enrolments.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { deviceKeyOf, proofHeader, thumbprintOf } from "#infra/runtime/devices/proof.ts";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import { openEdgeDoor, probe } from "#test/support/edge-door.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { ProvingDevice } from "#test/support/proving-device.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const stack = new AsyncDisposableStack();
const agent = new Agent({ connections: 16 });
let records: MigratedPostgres;
let url: string;
let device: ProvingDevice;
beforeAll(async () => {
  records = stack.use(await startMigratedPostgres());
  const { fetch: answer } = openEdgeDoor({ database: records.database });
  const place = { host: "127.0.0.1", port: 0, requestTimeoutMs: 30_000 };
  const server = await openHttpServer({ fetch: (asked) => answer(asked), ...place });
  stack.defer(() => server.close());
  stack.defer(() => agent.close());
  url = server.url;
  device = new ProvingDevice((path, init) => fetch(`${url}${path}`, init));
  expect((await device.enrol(await token())).status).toBe(201);
});
afterAll(() => stack.disposeAsync());

async function token(): Promise<string> {
  const ask = { actor: { id: "test" }, terms: { models: [] }, forMs: 600_000, chance };
  return (await createEnrolment(records.database, ask)).text;
}

type Sent = { readonly path: string; readonly proof: string | string[]; readonly body: Buffer };

type Reply = { readonly status: number; readonly mark: unknown; readonly text: string };

/** A body that is too large is refused while it is sent, and its connection closed, which can hide the refusal. */
async function send(sent: Sent, triesLeft = 5): Promise<Reply> {
  try {
    return await sendOnce(sent);
  } catch (error) {
    if (triesLeft === 0 || !(error instanceof errors.SocketError)) throw error;
    return await send(sent, triesLeft - 1);
  }
}

async function sendOnce({ path, proof, body }: Sent): Promise<Reply> {
  const {
    statusCode: status,
    headers,
    body: answer,
  } = await request(`${url}${path}`, {
    ...{ method: "POST", dispatcher: agent, body },
    headers: { [proofHeader]: proof },
  });
  return { status, mark: headers["tradewind-edge"], text: await answer.text() };
}

/** Bytes that change, come twice, come in or go. */
function bruise(random: Random, bytes: Buffer): Buffer {
  const at = random.integer(0, Math.max(0, bytes.length - 1));
  const some = Buffer.from(Array.from({ length: random.integer(1, 6) }, () => random.integer(33, 126)));
  const kinds = [
    () => Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at + some.length)]),
    () => Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)]),
    () => bytes.subarray(0, at),
    () => bytes.subarray(at),
    () => Buffer.concat([bytes, bytes]),
    () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + some.length)]),
  ];
  return (kinds[random.integer(0, kinds.length - 1)] as () => Buffer)();
}

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  "",
  "a",
  "\u0000",
  "é".repeat(50),
  "9".repeat(400),
  [],
  {},
  [[[[1]]]],
  { toString: "x" },
  { __proto__: { n: 1 } },
  "none",
  "HS256",
  "POST",
  "/edge/v1/keys",
];

/** One field of a proof's part is something else, or gone; the signature stays, or is by whoever is given. */
async function twist(random: Random, proof: string, signer?: ProvingDevice["key"]): Promise<string> {
  const [head = "", payload = "", signature = ""] = proof.split(".");
  const parts = [head, payload].map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  const part = parts[signer ? 1 : random.integer(0, 1)];
  const names = [...Object.keys(part), "crit", "jwk", "b64", "exp"];
  const name = names[random.integer(0, names.length - 1)] as string;
  part[name] = oddValues[random.integer(0, oddValues.length - 1)];
  if (random.chance(0.2)) delete part[name];
  const texts = parts.map((one) => Buffer.from(JSON.stringify(one)));
  if (!signer) return [...texts.map((text) => text.toString("base64url")), signature].join(".");
  return await new CompactSign(texts[1] ?? Buffer.alloc(0))
    .setProtectedHeader({
      alg: "EdDSA",
      typ: "tradewind-proof+jwt",
      kid: thumbprintOf(deviceKeyOf(device.key)),
    })
    .sign(signer);
}

const stranger = generateKeyPairSync("ed25519").privateKey;

/** A call as the device makes it, in which one thing is not as it was signed. */
async function mangle(random: Random): Promise<Sent> {
  const body = { models: Array.from({ length: random.integer(0, 5) }, () => random.bits()) };
  const { init } = await device.sign({ method: "POST", path: probe, body });
  const [proof, bytes] = [init.headers[proofHeader] ?? "", Buffer.from(JSON.stringify(body))];
  const whole = { path: probe, proof, body: bytes };
  const kinds: readonly (() => Sent | Promise<Sent>)[] = [
    () => ({ ...whole, proof: bruise(random, Buffer.from(proof)).toString() }),
    async () => ({ ...whole, proof: await twist(random, proof) }),
    async () => ({ ...whole, proof: await twist(random, proof, stranger) }),
    () => ({ ...whole, body: bruise(random, bytes) }),
    () => ({ ...whole, path: `${probe}?${random.bits()}` }),
    () => ({ ...whole, proof: [proof, proof] }),
    () => ({ ...whole, body: Buffer.concat([bytes, Buffer.alloc(140_000, 32)]) }),
  ];
  // The last one is dear, and always the same.
  const sent = await (kinds[random.integer(0, random.chance(0.02) ? 6 : 5)] as () => Sent | Promise<Sent>)();
  return isSame(sent, whole) ? await mangle(random) : sent;
}

function isSame(one: Sent, other: Sent): boolean {
  const digest = ({ path, proof, body }: Sent) =>
    createHash("sha256")
      .update(JSON.stringify([path, proof]))
      .update(body)
      .digest("hex");
  return digest(one) === digest(other);
}

const refusals = new Set([400, 401, 413]);

async function refuseAll(
  count: number,
  seed: number,
  make: (random: Random) => Promise<Sent>,
): Promise<void> {
  const random = seededRandom(seed);
  for (let sent = 0; sent < count; sent += 50) {
    const calls: Sent[] = [];
    for (let n = 0; n < 50; n += 1) calls.push(await make(random));
    const replies = await Promise.all(calls.map((call) => send(call)));
    for (const [place, { status, mark, text }] of replies.entries()) {
      const what = `seed ${seed}, call ${sent + place}: ${JSON.stringify(calls[place])}\n${status} ${text}`;
      if (!refusals.has(status) && !(status === 422 && calls[place]?.path !== probe)) expect.fail(what);
      expect(mark, what).toBe("1");
      expect(JSON.parse(text).code, what).toBeTypeOf("string");
    }
  }
}

test("of four thousand calls that are not as they were signed none is let in and none breaks anything", async () => {
  await refuseAll(4_000, 20_261, mangle);
  expect((await device.call({ path: probe })).status).toBe(200);
}, 120_000);

test("of a thousand enrolments that are not as they were signed none is let in, and the token is still good", async () => {
  const text = await token();
  const path = "/edge/v1/enrol";
  await refuseAll(1_000, 20_262, async (random) => {
    const own = new ProvingDevice(device.send);
    const ask = { token: text, key: deviceKeyOf(own.key), hardware: "camera-1", agent: "fuzz/1.0.0" };
    const bytes = Buffer.from(JSON.stringify(ask));
    const { init } = await own.sign({ method: "POST", path, body: ask });
    const proof = init.headers[proofHeader] ?? "";
    const whole = { path, proof, body: bytes };
    if (random.chance(0.4)) {
      // Signed as it is, and not what is asked for.
      const name = ["token", "key", "hardware", "agent", "more"][random.integer(0, 4)] as string;
      const odd = { ...ask, [name]: oddValues[random.integer(0, 7)] };
      const signed = await own.sign({ method: "POST", path, body: odd });
      return { path, proof: signed.init.headers[proofHeader] ?? "", body: Buffer.from(JSON.stringify(odd)) };
    }
    const changed = random.chance(0.5)
      ? { ...whole, body: bruise(random, bytes) }
      : { ...whole, proof: bruise(random, Buffer.from(proof)).toString() };
    return isSame(changed, whole) ? { ...whole, proof: "x" } : changed;
  });
  expect((await new ProvingDevice(device.send).enrol(text)).status).toBe(201);
}, 120_000);
