import type { Answered, RunningModels } from "#edge/answer/running-model.ts";
import type { DeviceKeys } from "#edge/device/device-keys.ts";
import type { GatewayClient } from "#edge/device/gateway-client.ts";
import type { Origin } from "#edge/fetch/origin.ts";
import type { FileSystem } from "#edge/store/file-system.ts";
import type { TryModel } from "#edge/sync/sync-parts.ts";
import { deviceKeyOf } from "#infra/runtime/devices/proof.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeOrigin } from "./fake-origin.ts";
import { sha256Of } from "./fetched.ts";
import type { Moments, UpdateState } from "./update-moments.ts";
import { beganAt, device, model, type UpdateWorld } from "./update-world.ts";

/** The gateway has heard before anything befalls the answer. */
/** Nobody reports in between: what a moment is of is never in doubt. */
const aDay = 86_400_000;

export function playGateway(
  { planned, keys: known, reports }: UpdateWorld,
  keys: DeviceKeys,
  { around, pass }: Moments,
): GatewayClient {
  const ask = <Result>(state: UpdateState, hear: () => Promise<Result> | Result): Promise<Result> =>
    around(state, async () => {
      const proofs = [keys.current(), keys.successor()].filter((held) => held !== undefined);
      if (!proofs.some(({ key }) => known.has(deviceKeyOf(key).x)))
        throw new TradewindError("proof_refused", "the gateway knows none of these keys");
      const answer = await hear();
      await pass(state, "while");
      return answer;
    });
  return {
    enrol: () => Promise.reject(new Error("it is enrolled")),
    plan: (_, { signal: __ }) =>
      ask("asking for its plan", () => ({
        ...{ device, nonce: "n".repeat(32), at: beganAt, pollMs: aDay },
        models: [{ model, ...planned }],
      })),
    report: (report) => ask("reporting to its gateway", () => void reports.push(report)),
    rotate: async () => {
      const { key } = keys.successor() ?? (await keys.make());
      await ask("handing over its next key", () => void known.add(deviceKeyOf(key).x));
    },
    time: async () => beganAt,
  };
}

export function playOrigin({ repo }: UpdateWorld, { pass }: Moments): Origin {
  const lists = repo.origin();
  return {
    ...lists,
    get: async (ask) => {
      const state = fetchOf(ask.address);
      if (state) await pass(state, "before");
      const file = repo.files.get(ask.address);
      const server = file ? createFakeOrigin(file) : lists;
      const answer = await server.get(ask);
      const header = (name: string): string | undefined =>
        name === "tradewind-edge" ? "1" : answer.header(name);
      return { ...answer, header, body: state ? toldBody(answer.body, state, pass) : answer.body };
    },
  };
}

function fetchOf(address: string): UpdateState | undefined {
  if (address.endsWith("snapshot.json")) return "asking for newer lists";
  if (address.endsWith(".blocks")) return "fetching a list of blocks";
  if (address.endsWith(".golden.json")) return "fetching golden images";
  return address.endsWith(".model.onnx") ? "fetching a model's file" : undefined;
}

/** The last of what came is held back until what may befall the rest has. */
async function* toldBody(
  body: AsyncIterable<Uint8Array>,
  state: UpdateState,
  pass: Moments["pass"],
): AsyncGenerator<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  const near = Math.max(whole.byteLength >> 1, whole.byteLength - 1_000);
  try {
    yield whole.subarray(0, near);
    await pass(state, "while");
    yield whole.subarray(near);
  } finally {
    await pass(state, "after");
  }
}

export function playSelfTest({ bad, held }: UpdateWorld, { around, pass }: Moments): TryModel {
  return ({ sha256, about: { release } }) =>
    around("testing a model", async () => {
      await pass("testing a model", "while");
      if (bad.has(release)) return { held: false, cause: "self_test_failed", detail: "it sees nothing" };
      held.add(sha256);
      return { held: true, agreement: 1_000_000 };
    });
}

export type Engine = { readonly running: RunningModels; readonly answer: (told: Answered) => void };

/** Opens what a file system holds, if that is a whole release, and takes note of one that was never tried. */
export function playEngine(
  fs: FileSystem,
  { releases, held, faults }: UpdateWorld,
  moments: Moments,
): Engine {
  const served = new Map<string, { readonly release: number; readonly sha256: string }>();
  const listeners = new Set<(told: Answered) => void>();
  const running: RunningModels = {
    find: (name) => served.get(name) as ReturnType<RunningModels["find"]>,
    lease: () => undefined,
    names: () => [...served.keys()],
    turnTo: ({ name, path, release, sha256 }) =>
      moments.around("turning to another model", async () => {
        const read = sha256Of(await fs.read(path, { maxBytes: 1_000_000 }));
        if (read !== sha256 || !releases.has(read))
          throw new TradewindError("model_unusable", `what lies at ${path} is no whole model`);
        if (!held.has(sha256)) faults.push(`release ${release} answers and was never tried`);
        await moments.pass("turning to another model", "while");
        served.set(name, { release, sha256 });
      }),
    drop: async (name) => void served.delete(name),
    onAnswer: (listen) => {
      listeners.add(listen);
      return { [Symbol.dispose]: () => void listeners.delete(listen) };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const answer = (told: Answered): void => {
    for (const listen of listeners) listen(told);
  };
  return { running, answer };
}
