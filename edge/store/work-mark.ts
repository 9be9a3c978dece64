import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { isMissing } from "./foreign-code.ts";

/** A model's file, the model that answers by it, and what is done with it. */
export type AtWork = { readonly model: string; readonly sha256: string; readonly phase: Phase };

/** Whether it was being opened, its first runs included, or answered images. */
export type Phase = "opening" | "answering";

/**
 * With which files this process computes, for whoever starts after it died. It is
 *
 *   OPEN    what is watched has a record for as long as something computes with it
 *   CLOSED  an orderly stop has begun: nothing is in hand any more, but for what was blamed for it
 */
export type WorkMark = Disposable & {
  /** Files with which the process before this one computed when it died, in the same run of the machine. */
  readonly died: Died;
  /** From now until it is disposed. */
  readonly inHand: (file: AtWork) => Disposable;
  /** The process has to end because of it: as good as a death in the midst of its work. */
  readonly blame: (file: AtWork) => void;
};

/** By the file's hash. */
export type Died = ReadonlyMap<string, Phase>;

export type OpenWorkMark = {
  /** The device's own. */
  readonly folder: string;
  /** In which run of the machine this is; empty where nobody can say, and a death could be a power cut. */
  readonly boot: string;
  /** Of anything else nothing is written. */
  readonly isWatched: (file: AtWork) => boolean;
};

/**
 * The mark is made and taken away in place, without waiting for the disk: what was written outlives the process, since
 * the system holds it, and only that is wanted. So it costs a few microseconds before and after a computation.
 */
export function openWorkMark({ folder, boot, isWatched }: OpenWorkMark): WorkMark {
  const path = join(folder, "state", "at-work");
  if (boot === "") return { died: new Map(), inHand: () => nothing, blame: () => {}, ...nothing };
  const died = takeLeft(path, boot);
  const records = createRecords(path, boot);
  const counts = new Map<string, number>();
  const blamed = new Set<string>();
  let isOpen = true;

  const begin = (file: AtWork): void => {
    const { sha256 } = file;
    counts.set(sha256, (counts.get(sha256) ?? 0) + 1);
    if (isOpen && isWatched(file)) records.put(file);
  };
  const end = ({ sha256 }: AtWork): void => {
    const left = (counts.get(sha256) ?? 0) - 1;
    if (left > 0) return void counts.set(sha256, left);
    counts.delete(sha256);
    if (isOpen && !blamed.has(sha256)) records.remove(sha256);
  };
  return {
    died,
    inHand: (file) => {
      begin(file);
      return { [Symbol.dispose]: once(() => end(file)) };
    },
    blame: (file) => {
      if (!isOpen || !isWatched(file)) return;
      blamed.add(file.sha256);
      records.put(file);
    },
    [Symbol.dispose]: () => {
      if (!isOpen) return;
      isOpen = false;
      for (const sha256 of counts.keys()) if (!blamed.has(sha256)) records.remove(sha256);
      records.close({ isKept: blamed.size > 0 });
    },
  };
}

const nothing: Disposable = { [Symbol.dispose]: () => {} };

/** What is written at once lies within one page of the system's, so that it is never there by half. */
const recordBytes = 128;
const mostRecords = 100;

/** What the process before this one left, which is said to one start only. */
function takeLeft(path: string, boot: string): Died {
  const left = attempt(path, () => readLeft(path)) ?? "";
  if (left !== "") attempt(path, () => rmSync(path, { force: true }));
  const found = left.matchAll(/^([0-9a-f-]{36}) ([0-9a-f]{64}) (opening|answering) *$/gm);
  return new Map(
    [...found].flatMap(([, then, sha256 = "", phase]) =>
      then === boot ? [[sha256, phase === "opening" ? "opening" : "answering"]] : [],
    ),
  );
}

function readLeft(path: string): string {
  const bytes = Buffer.alloc(recordBytes * mostRecords);
  const file = openSync(path, "r");
  try {
    return bytes.toString("latin1", 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

type Records = {
  readonly put: (file: AtWork) => void;
  readonly remove: (sha256: string) => void;
  readonly close: (options: { readonly isKept: boolean }) => void;
};

/** The file is made with the first record: most of a device's life nothing is watched. */
function createRecords(path: string, boot: string): Records {
  const places: (string | undefined)[] = [];
  let file: number | undefined;
  let isBroken = false;
  const write = (place: number, text: string): void => {
    if (isBroken) return;
    const written = attempt(path, () => {
      file ??= openSync(path, "w", 0o600);
      return writeSync(file, `${text.padEnd(recordBytes - 1)}\n`, place * recordBytes);
    });
    isBroken = written !== recordBytes;
  };
  return {
    put: ({ sha256, phase }) => {
      if (places.includes(sha256)) return;
      const free = places.indexOf(undefined);
      const place = free < 0 ? places.length : free;
      if (place >= mostRecords) return;
      places[place] = sha256;
      write(place, `${boot} ${sha256} ${phase}`);
    },
    remove: (sha256) => {
      const place = places.indexOf(sha256);
      if (place < 0) return;
      places[place] = undefined;
      write(place, "");
    },
    close: ({ isKept }) => {
      const opened = file;
      if (opened === undefined) return;
      attempt(path, () => closeSync(opened));
      if (!isKept) attempt(path, () => rmSync(path, { force: true }));
    },
  };
}

/** A device that cannot mark its work answers all the same. */
function attempt<Result>(path: string, work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!isMissing(error)) sideConcernSkipped.publish({ what: "marking what computes", detail: path, error });
    return undefined;
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
