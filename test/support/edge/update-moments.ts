import type { FileSystem, OpenFile } from "#edge/store/file-system.ts";

/** Everything an update goes through, and what can come in its place. */
export const updateStates = {
  "asking for newer lists": { on: "line" },
  "keeping newer lists": { on: "disk", within: /^write .*\/trust\/\d+\/snapshot\.json$/ },
  "naming newer lists": { on: "disk", within: /^rename .*\/device\.json$/ },
  "asking for its plan": { on: "line" },
  "fetching a list of blocks": { on: "line" },
  "fetching golden images": { on: "line" },
  "fetching a model's file": { on: "line" },
  "putting a model on the shelf": { on: "disk", within: /^rename .*\/model\.onnx$/ },
  "beginning a trial": { on: "disk", within: /^rename .*\/device\.json$/ },
  "counting down a trial": { on: "disk", within: /^rename .*\/device\.json$/ },
  "testing a model": { on: "test" },
  "setting a bad model aside": { on: "disk", within: /^rename .*\/device\.json$/ },
  "activating a model": { on: "disk", within: /^rename .*\/device\.json$/ },
  "turning to another model": { on: "engine" },
  "clearing the shelf": { on: "disk", within: /^sync .*\/models$/ },
  "reporting to its gateway": { on: "line" },
  "going back to the release before": { on: "disk", within: /^rename .*\/device\.json$/ },
  "leaving a release that fails at its work": { on: "disk", within: /^rename .*\/device\.json$/ },
  "dropping a revoked release": { on: "disk", within: /^rename .*\/device\.json$/ },
  "making its next key": { on: "disk", within: /^rename .*\/device\.next\.pem$/ },
  "handing over its next key": { on: "line" },
  "turning to its next key": { on: "disk", within: /^sync .*\/keys$/ },
} as const satisfies Readonly<Record<string, StateKind>>;

type StateKind =
  | { readonly on: "line" | "test" | "engine" }
  | { readonly on: "disk"; readonly within: RegExp };

export type UpdateState = keyof typeof updateStates;
export type At = "before" | "while" | "after";

export type Mishap = {
  readonly state: UpdateState;
  readonly at: At;
  /** What happens there, each time until it is called off; what it throws is what the device meets. */
  readonly befall: () => Promise<void>;
};

/** Where a test may step into a device's life. */
export type Moments = {
  mishap: Mishap | undefined;
  readonly pass: (state: UpdateState, at: At) => Promise<void>;
  /** `while` is left to the work itself, or to the disk that it is done on. */
  readonly around: <Result>(state: UpdateState, work: () => Promise<Result>) => Promise<Result>;
  /** A disk that a test may step into while something is done on it. */
  readonly onDisk: (fs: FileSystem) => FileSystem;
};

export function createMoments(): Moments {
  const inside: UpdateState[] = [];
  const pass: Moments["pass"] = async (state, at) => {
    const { mishap } = moments;
    if (mishap?.state === state && mishap.at === at) await mishap.befall();
  };
  const deed = async (words: string): Promise<void> => {
    const state = moments.mishap?.state;
    if (state === undefined || !inside.includes(state)) return;
    const kind: StateKind = updateStates[state];
    if (kind.on === "disk" && kind.within.test(words)) await pass(state, "while");
  };
  const moments: Moments = {
    mishap: undefined,
    pass,
    around: async (state, work) => {
      await pass(state, "before");
      inside.push(state);
      try {
        return await work();
      } finally {
        inside.splice(inside.lastIndexOf(state), 1);
        await pass(state, "after");
      }
    },
    onDisk: (fs) => diskTelling(fs, deed),
  };
  return moments;
}

function diskTelling(fs: FileSystem, deed: (words: string) => Promise<void>): FileSystem {
  return {
    ...fs,
    rename: async (from, to) => {
      await deed(`rename ${to}`);
      await fs.rename(from, to);
    },
    remove: async (path) => {
      await deed(`remove ${path}`);
      await fs.remove(path);
    },
    syncFolder: async (folder) => {
      await deed(`sync ${folder}`);
      await fs.syncFolder(folder);
    },
    open: async (path, options) => {
      const file: OpenFile = await fs.open(path, options);
      const writeAt: OpenFile["writeAt"] = async (position, bytes) => {
        await deed(`write ${path}`);
        await file.writeAt(position, bytes);
      };
      return { ...file, writeAt };
    },
  };
}
