import type { OpenInferenceClient } from "#adapters/open-inference.ts";
import type { Terms } from "#adapters/terms.ts";
import { answersCompared, type ComparedEvent } from "#gateway/agreement/agreement-channels.ts";
import { createPool, type LaneTerms } from "#gateway/dispatch/pool.ts";
import { Standing } from "#gateway/dispatch/standing.ts";
import type { Backend, Fleet, Route } from "#gateway/fleet/snapshot.ts";
import type { Beside } from "#gateway/ledger/hour-rows.ts";
import type { AnsweredImage } from "#gateway/trials/answered-image.ts";
import { type Comparing, openComparing } from "#gateway/trials/compare-beside.ts";
import { createTrialsInMemory, type TrialsStore } from "#gateway/trials/trials-store.ts";
import type { Detection } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { plainTerms, routeOver, termsWith } from "./routes.ts";

const box = { x1: 10, y1: 10, x2: 50, y2: 50 };

/** What everybody finds who is well, and what one finds who is not. */
export const found: readonly Detection[] = [{ name: "one", class: 1, score: 0.9, box }];
export const elsewhere: readonly Detection[] = [
  { name: "one", class: 1, score: 0.9, box: { x1: 110, y1: 110, x2: 150, y2: 150 } },
];

/** A backend without a network, which answers as a test tells it. */
export type ToldBackend = Backend & {
  /** How often it was asked. */
  asked: number;
  answers: readonly Detection[] | "fails" | "hangs";
  version: string;
  readonly place: Partial<LaneTerms>;
};

export function toldBackend(
  name: string,
  { terms = {}, ...place }: { readonly terms?: Partial<Terms> } & Partial<LaneTerms> = {},
): ToldBackend {
  const close = async (): Promise<void> => {};
  const client: OpenInferenceClient = {
    describe: async (model) => ({ ...infoOf(model, told.version), versions: [told.version] }),
    detect: async ({ signal }) => {
      told.asked += 1;
      const { answers } = told;
      if (answers === "fails") throw new TradewindError("backend_failed", "it was told to fail");
      if (answers !== "hangs") return { image: { width: 640, height: 480 }, detections: answers, timings };
      return await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
    pass: async () => Promise.reject(new TradewindError("backend_failed", "it takes images alone")),
    close,
    [Symbol.asyncDispose]: close,
  };
  const own = {
    id: name.split("/")[0] ?? name,
    name,
    url: `http://${name}`,
    client,
    terms: termsWith(terms),
  };
  const told: ToldBackend = { ...own, asked: 0, answers: found, version: "1", place };
  return told;
}

const timings = { queue: 0, preprocess: 0, inference: 1, postprocess: 0 };

function infoOf(name: string, version: string) {
  const input = { width: 320, height: 320 };
  return { name, version, task: "detect", names: ["zero", "one"], input, precision: "fp32" } as const;
}

/** A route over some of them, in their groups, with rules as a configuration would give it. */
export function routeOf(
  model: string,
  backends: readonly ToldBackend[],
  rules: Partial<Route["rules"]> = {},
  shadows: readonly ToldBackend[] = [],
): Route {
  const usual = routeOver([backends], { model });
  const pool = () =>
    createPool(
      model,
      plainTerms,
      backends.map(({ name, terms, place }): LaneTerms => {
        const standing = new Standing(name, terms, { eject: plainTerms.eject, chance: halves });
        return { standing, group: 0, ...place };
      }),
    );
  return { ...usual, pool: pool(), tensors: pool(), shadows, rules: { ...usual.rules, ...rules } };
}

const halves = { number: () => 0.5, bytes: (count: number) => new Uint8Array(count) };

export type TrialWorld = AsyncDisposable & {
  readonly comparing: Comparing;
  readonly clock: FakeClock;
  /** Lines of the ledger. */
  readonly spent: readonly Beside[];
  readonly compared: readonly ComparedEvent[];
  readonly serve: (routes: readonly Route[]) => void;
  /** Says that an image was answered by the backend at this place of its route. */
  readonly answer: (route: Route, place?: number, more?: Partial<AnsweredImage>) => void;
  /** Time goes on so that what is done every few seconds is done. */
  readonly turn: () => void;
};

export function openTrialWorld(
  routes: readonly Route[],
  {
    number = () => 0,
    store = createTrialsInMemory(),
    gateways = () => 1,
  }: { readonly number?: () => number; readonly store?: TrialsStore; readonly gateways?: () => number } = {},
): TrialWorld {
  const clock = createFakeClock();
  const [spent, compared]: [Beside[], ComparedEvent[]] = [[], []];
  const models = new Set<string>();
  let fleet: Fleet = { routes: new Map() };
  const serve = (served: readonly Route[]): void => {
    fleet = { routes: new Map(served.map((route) => [route.model, route])) };
    for (const { model } of served) models.add(model);
  };
  serve(routes);
  const told = (backend: Backend) => backend as ToldBackend;
  const directory = {
    find: (backend: Backend, model: string) => ({
      ...infoOf(model, told(backend).version),
      versions: [told(backend).version],
    }),
  };
  const comparing = openComparing({
    ...{ fleet: () => fleet, directory, store, gateways, clock, gateway: "g1", now: clock.now },
    ledger: { spend: (beside) => void spent.push(beside) },
    chance: { ...halves, number },
  });
  const stop = answersCompared.subscribe((event) => void (models.has(event.model) && compared.push(event)));
  return {
    ...{ comparing, clock, spent, compared, serve },
    answer: (route, place = 0, more = {}) => comparing.answered({ ...imageAt(route, place), ...more }),
    turn: () => clock.advance(2_000),
    [Symbol.asyncDispose]: async () => {
      await comparing.close();
      stop();
    },
  };
}

/** An image that the backend at this place has answered, as it answers now. */
export function imageAt(route: Route, place = 0): AnsweredImage {
  const backend = route.backends[place] as ToldBackend;
  const models = route.backends.map((one) => infoOf(route.model, (one as ToldBackend).version));
  const lane = route.pool.lanes[place];
  const { answers } = backend;
  if (!lane) throw new Error("there is no such place");
  return {
    ...{ route, lane, backend, models, model: infoOf(route.model, backend.version) },
    ...{ pieces: [new Uint8Array(100)], bytes: 100, tenant: "acme" },
    answer: { detections: typeof answers === "string" ? [] : answers },
    options: { conf: 0.25, iou: 0.7, maxDetections: 300 },
    trace: {
      ...{ traceId: "1".repeat(32), spanId: "1".repeat(16), parentSpanId: undefined },
      ...{ sampled: false, random: false, tracestate: undefined },
    },
  };
}
