import type { Capabilities } from "#adapters/capabilities.ts";
import type {
  Changing,
  Deployment,
  InstancePrice,
  ProviderControl,
  ProviderStatus,
  Revision,
  Scaling,
  Trouble,
} from "#adapters/control.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";

export type Verb = "status" | "price" | "scale" | "deploy" | "shift" | "promote" | "rollback" | "wake";

/** One change that the platform heard, by whoever holds a control of it. */
export type HeardChange = { readonly verb: Verb; readonly said: unknown; readonly at: number };

/** A platform in memory, which outlives the controls that are opened on it. */
export type FakePlatform = {
  readonly control: () => ProviderControl;
  readonly heard: readonly HeardChange[];
  /** Changes that really changed something, in words. */
  readonly happened: readonly string[];
  /** Of what answers. */
  readonly image: () => string;
  readonly hasCandidate: () => boolean;
  readonly count: () => { readonly desired: number; readonly bounds: Readonly<Record<string, number>> };
  /** The next calls of a verb fail so; before the change or, as with a lost answer, after it. */
  readonly fail: (verb: Verb, code: ErrorCode, options?: Failing) => void;
  /** Called when a verb is asked, before anything is changed, and after it was. */
  onCall: ((verb: Verb, when: "before" | "after") => void | Promise<void>) | undefined;
  /** Something else the platform says of itself. */
  readonly say: (trouble: Trouble) => void;
};

export type Failing = { readonly times?: number; readonly after?: boolean };

export type FakeOptions = {
  readonly clock: Pick<Clock, "now">;
  readonly name?: string;
  /** From the order of a candidate, or of instances, to their standing. */
  readonly standMs?: number;
  /** From a promotion or a rollback to rest. */
  readonly settleMs?: number;
  readonly capabilities?: Partial<Capabilities>;
  readonly price?: Partial<InstancePrice>;
  /** An image whose name has this never stands. */
  readonly broken?: string;
  readonly desired?: number;
};

function stateOf(stands: boolean, isBroken: boolean): Revision["state"] {
  if (!stands) return "starting";
  return isBroken ? "failed" : "ready";
}

type Known = { name: string; image: string; models: string | undefined; id: string | undefined; at: number };

export function createFakePlatform(options: FakeOptions): FakePlatform {
  const { clock, name = "fake", standMs = 0, settleMs = 0, broken = "broken", desired = 1 } = options;
  const heard: HeardChange[] = [];
  const happened: string[] = [];
  const failing: { verb: Verb; code: ErrorCode; times: number; after: boolean }[] = [];
  const troubles: Trouble[] = [];
  let stable: Known = { name: `${name}-v1`, image: "v1", models: undefined, id: undefined, at: 0 };
  let [candidate, previous]: (Known | undefined)[] = [undefined, undefined];
  let settledAt = 0;
  let scaling = { desired, bounds: {} as Record<string, number> };
  let instances = { count: desired, at: 0 };

  const failed = (verb: Verb, after: boolean): void => {
    const one = failing.find((each) => each.verb === verb && each.after === after && each.times > 0);
    if (!one) return;
    one.times -= 1;
    throw new TradewindError(one.code, `${name} was told to fail at ${verb}`);
  };
  const ask = async (verb: Verb, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    await platform.onCall?.(verb, "before");
    failed(verb, false);
  };
  const change = (verb: Verb, said: unknown, { hand, signal }: Changing, make: () => string | undefined) =>
    hand.change(
      { action: `fake:${verb}`, request: { platform: name, said } },
      async () => {
        heard.push({ verb, said, at: clock.now() });
        await ask(verb, signal);
        const told = make();
        if (told !== undefined) happened.push(told);
        await platform.onCall?.(verb, "after");
        failed(verb, true);
        return undefined;
      },
      undefined,
    );
  const deploy = ({ id, image, models }: Deployment) => {
    if ([candidate, stable].some((one) => one?.id === id)) return undefined;
    candidate = { name: `${name}-${id}`, image, models: models ?? stable.models, id, at: clock.now() };
    return `deployed ${image}`;
  };
  const promote = (revision: string) => {
    if (stable.name === revision) return undefined;
    if (candidate?.name !== revision) throw new TradewindError("provider_missing", `no revision ${revision}`);
    [previous, stable, candidate] = [stable, candidate, undefined];
    settledAt = clock.now() + settleMs;
    return `promoted ${stable.image}`;
  };
  const rollback = (revision: string) => {
    if (candidate?.name === revision) {
      const { image } = candidate;
      candidate = undefined;
      settledAt = clock.now() + settleMs;
      return `took ${image} away`;
    }
    if (stable.name !== revision || !previous) return undefined;
    [stable, previous] = [previous, stable];
    settledAt = clock.now() + settleMs;
    return `returned to ${stable.image}`;
  };
  const scale = (wanted: Scaling) => {
    const before = JSON.stringify(scaling);
    const { count = scaling.desired, ...bounds } = wanted;
    scaling = { desired: count, bounds: { ...scaling.bounds, ...bounds } };
    if (JSON.stringify(scaling) === before) return undefined;
    instances = { count: instances.count, at: clock.now() };
    return `scaled to ${JSON.stringify(wanted)}`;
  };
  const running = (): number => {
    if (clock.now() - instances.at >= standMs) instances = { ...instances, count: scaling.desired };
    return Math.min(instances.count, scaling.desired);
  };
  const revision = (known: Known | undefined, role: Revision["role"]): readonly Revision[] => {
    if (!known) return [];
    const isBroken = known.image.includes(broken);
    const stands = role !== "candidate" || clock.now() - known.at >= standMs;
    return [
      {
        ...{ name: known.name, role, image: known.image, models: known.models, id: known.id },
        ...{ share: role === "stable" ? 1 : 0, running: stands ? 1 : 0, pending: stands ? 0 : 1 },
        state: stateOf(stands, isBroken),
        url: `http://${known.name}`,
        why: stands && isBroken ? "its image cannot run" : undefined,
      },
    ];
  };
  const status = (): ProviderStatus => {
    const up = running();
    return {
      ...{ desired: scaling.desired, running: up, pending: scaling.desired - up },
      ...("least" in scaling.bounds && { bounds: { least: 0, most: 1, ...scaling.bounds } }),
      revisions: [
        ...revision(stable, "stable"),
        ...revision(candidate, "candidate"),
        ...revision(previous, "previous"),
      ],
      coldStarts: [{ at: 0, ms: standMs }],
      troubles,
      isSettled: clock.now() >= settledAt && up === scaling.desired,
    };
  };
  const capabilities: Capabilities = {
    ...{ gpuLack: undefined, scale: "count", zero: true, deploy: true, shift: false, domain: name },
    promoteMs: 0,
    ...options.capabilities,
  };
  const close = async (): Promise<void> => {};
  const control = (): ProviderControl => ({
    ...{ kind: "fake", capabilities, close, [Symbol.asyncDispose]: close },
    status: async ({ signal }) => {
      await ask("status", signal);
      return status();
    },
    price: async ({ signal }) => {
      await ask("price", signal);
      return { usdPerHour: 1, billing: "provisioned", from: "the test", ...options.price };
    },
    scale: (wanted, changing) => change("scale", wanted, changing, () => scale(wanted)),
    deploy: async (wanted, changing) => {
      await change("deploy", wanted, changing, () => deploy(wanted));
      return { revision: `${name}-${wanted.id}` };
    },
    shift: (wanted, changing) => change("shift", wanted, changing, () => "shifted"),
    promote: (wanted, changing) => change("promote", wanted, changing, () => promote(wanted.revision)),
    rollback: (wanted, changing) => change("rollback", wanted, changing, () => rollback(wanted.revision)),
    wake: (wanted, changing) => change("wake", wanted, changing, () => "woken"),
  });
  const platform: FakePlatform = {
    ...{ control, heard, happened, onCall: undefined },
    image: () => stable.image,
    hasCandidate: () => candidate !== undefined,
    count: () => scaling,
    fail: (verb, code, { times = 1, after = false } = {}) => void failing.push({ verb, code, times, after }),
    say: (trouble) => void troubles.push(trouble),
  };
  return platform;
}
