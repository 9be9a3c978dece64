import type { Instance, Order, World } from "../world.ts";

export type PoolOptions = {
  readonly world: World;
  readonly order: Order;
  /** Requests that one instance takes at once. */
  readonly concurrency: number;
  /** How long one stays that has nothing to do. */
  readonly idleMs: number;
};

export type Lease = { readonly url: string; readonly release: () => void };

/** The instances of one revision. */
export type InstancePool = {
  readonly setBounds: (least: number, most: number) => void;
  /** Starts one if there is none, and resolves when one stands; throws when it cannot. */
  readonly prove: () => Promise<void>;
  /** A place in an instance, after a cold start if need be; undefined where all are full and no more may be. */
  readonly take: () => Promise<Lease | undefined>;
  readonly close: () => Promise<void>;
};

type Held = { readonly instance: Instance; inFlight: number; idle: NodeJS.Timeout | undefined };

export function createInstancePool({ world, order, concurrency, idleMs }: PoolOptions): InstancePool {
  const held = new Set<Held>();
  const waiting: ((lease: Lease | undefined) => void)[] = [];
  let bounds = { least: 0, most: 100 };
  let isClosed = false;

  const start = (): Held => {
    const one: Held = { instance: world.start(order), inFlight: 0, idle: undefined };
    held.add(one);
    one.instance.ready.then(
      () => {
        rest(one);
        serve();
      },
      () => {
        held.delete(one);
        serve();
      },
    );
    return one;
  };
  const rest = (one: Held): void => {
    clearTimeout(one.idle);
    one.idle = setTimeout(() => {
      if (one.inFlight > 0 || !held.has(one)) return;
      if (held.size <= bounds.least) return rest(one);
      held.delete(one);
      void one.instance.stop();
    }, idleMs);
  };
  const leaseOf = (one: Held): Lease => {
    one.inFlight += 1;
    clearTimeout(one.idle);
    let isOver = false;
    const release = (): void => {
      if (isOver) return;
      isOver = true;
      one.inFlight -= 1;
      if (one.inFlight === 0) rest(one);
      serve();
    };
    return { url: one.instance.url, release };
  };
  const free = (): Held | undefined =>
    [...held].find((one) => one.instance.state() === "ready" && one.inFlight < concurrency);
  const starting = (): number => [...held].filter(({ instance }) => instance.state() === "starting").length;
  /** Whoever waits is served in turn; when nothing is coming up any more, the rest is sent away. */
  const serve = (): void => {
    while (waiting.length > 0) {
      const one = free();
      if (!one && starting() > 0) return;
      waiting.shift()?.(one && leaseOf(one));
    }
  };
  const take = (): Promise<Lease | undefined> => {
    const one = free();
    if (one) return Promise.resolve(leaseOf(one));
    const isRoomComing = starting() * concurrency > waiting.length;
    if (!isRoomComing && held.size < bounds.most && !isClosed) start();
    if (starting() === 0) return Promise.resolve(undefined);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return {
    setBounds: (least, most) => {
      bounds = { least, most };
      while (!isClosed && held.size < least) start();
    },
    prove: async () => {
      const one = [...held][0] ?? start();
      await one.instance.ready;
    },
    take,
    close: async () => {
      isClosed = true;
      for (const one of held) clearTimeout(one.idle);
      await Promise.all([...held].map(({ instance }) => instance.stop()));
    },
  };
}
