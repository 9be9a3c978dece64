import { createHash } from "node:crypto";
import { vi } from "vitest";
import type { Closable } from "#inference/models/repository/held-version.ts";
import type {
  Control,
  Repository,
  RepositoryOptions,
} from "#inference/models/repository/model-repository.ts";
import type { ModelListing, ModelSource } from "#inference/models/repository/model-source.ts";
import { openRepository } from "#inference/models/repository/open-repository.ts";
import type { OpenRequest } from "#inference/models/repository/served-model.ts";
import type { IndexEntry } from "#inference/models/repository/version-state.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock, type FakeClock } from "#test/support/fake-clock.ts";

/** A source whose content a test writes: contents by `model/version`, and texts of `model.yaml` by model. */
export type FakeSource = ModelSource & {
  readonly files: Map<string, string>;
  readonly yaml: Map<string, string>;
  /** What was fetched and not let go, by `model/version`. */
  readonly held: string[];
  /** Thrown by every listing while it is set. */
  down: Error | undefined;
  looks: number;
};

export function createFakeSource(contents: Readonly<Record<string, string>> = {}): FakeSource {
  const files = new Map(Object.entries(contents));
  const yaml = new Map<string, string>();
  const held: string[] = [];
  const listingOf = (name: string): ModelListing => {
    const keys = [...files.keys()].filter((key) => key.startsWith(`${name}/`)).sort();
    const versions = keys.map((key) => {
      const stamp = mark(files.get(key) ?? "");
      return { version: key.slice(name.length + 1), stamp, files: [] };
    });
    const text = yaml.get(name);
    return { name, versions, settings: text === undefined ? undefined : mark(text) };
  };
  const source: FakeSource = {
    files,
    yaml,
    held,
    down: undefined,
    looks: 0,
    list: async ({ model }) => {
      source.looks += 1;
      if (source.down) throw source.down;
      const names = [...new Set([...files.keys()].map((key) => key.split("/")[0] ?? ""))].sort();
      return names.filter((name) => model === undefined || name === model).map(listingOf);
    },
    readSettings: async ({ name }) => ({ text: yaml.get(name) ?? "", file: `${name}/model.yaml` }),
    fetch: async (name, { version, stamp }) => {
      const key = `${name}/${version}`;
      held.push(key);
      let isHeld = true;
      const release = async (): Promise<void> => {
        if (isHeld) held.splice(held.indexOf(key), 1);
        isHeld = false;
      };
      return { file: { name, version, path: `/${key}#${stamp}` }, [Symbol.asyncDispose]: release };
    },
    tidy: async () => {},
  };
  return source;
}

function mark(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

export type FakeModel = Closable & {
  readonly request: OpenRequest;
  closed: boolean;
  ready: boolean;
};

/** Opens models that only know whether they are closed. */
export type FakeEngine = {
  readonly open: RepositoryOptions<FakeModel>["open"];
  readonly opened: FakeModel[];
  /** `model/version` of those that fail to open, and how. */
  readonly failing: Map<string, Error>;
  /** Set, opens wait for it. */
  gate: Promise<void> | undefined;
  readonly opening: number;
  readonly mostOpening: number;
};

export function createFakeEngine(): FakeEngine {
  const opened: FakeModel[] = [];
  const failing = new Map<string, Error>();
  const counts = { opening: 0, most: 0 };
  const engine: FakeEngine = {
    opened,
    failing,
    gate: undefined,
    get opening() {
      return counts.opening;
    },
    get mostOpening() {
      return counts.most;
    },
    open: async (request) => {
      counts.opening += 1;
      counts.most = Math.max(counts.most, counts.opening);
      try {
        await engine.gate;
        const failure = failing.get(`${request.name}/${request.version}`);
        if (failure) throw failure;
      } finally {
        counts.opening -= 1;
      }
      const model: FakeModel = {
        request,
        closed: false,
        ready: true,
        close: async () => {
          if (model.closed) throw new Error("closed twice");
          model.closed = true;
        },
      };
      opened.push(model);
      return model;
    },
  };
  return engine;
}

export const badFile = new TradewindError("model_unusable", "the file is broken");

export type Scene = {
  readonly source: FakeSource;
  readonly engine: FakeEngine;
  readonly clock: FakeClock;
  readonly events: IndexEntry[];
  readonly repository: Repository<FakeModel>;
};

/** A repository over fakes; what a test leaves open is closed by it. */
export async function openScene(
  contents: Readonly<Record<string, string>>,
  control: Control,
  prepare: (scene: Omit<Scene, "repository">) => void = () => {},
  options: Partial<RepositoryOptions<FakeModel>> = {},
): Promise<Scene> {
  const events: IndexEntry[] = [];
  const parts = {
    source: createFakeSource(contents),
    engine: createFakeEngine(),
    clock: createFakeClock(),
    events,
  };
  prepare(parts);
  const repository = await openRepository<FakeModel>({
    source: parts.source,
    open: parts.engine.open,
    control,
    clock: parts.clock,
    signal: new AbortController().signal,
    onChange: (entry) => events.push(entry),
    ...options,
  });
  return { ...parts, repository };
}

/** What must become true without anybody waiting for it by name. */
export function soon(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { interval: 1, timeout: 2_000 });
}

/** `name:version STATE` of every entry, which is short enough to compare. */
export async function indexOf({ repository }: Pick<Scene, "repository">): Promise<string[]> {
  return (await repository.index()).map(({ name, version, state }) => `${name}:${version} ${state}`);
}
