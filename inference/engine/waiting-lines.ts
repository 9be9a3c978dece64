import { TradewindError } from "#infra/runtime/errors.ts";
import type { Candidate } from "./plan-batch.ts";

export type Lined = Candidate & {
  /** 1 is served first. */
  readonly level: number;
};

/** Where a run stands; only the lines look inside. */
export type Place<Run extends Lined> = {
  readonly run: Run;
  late: boolean;
  before: Place<Run> | undefined;
  after: Place<Run> | undefined;
};

/** Runs that leave in batches of their own, and items of those that can be put together. */
export type Crowd = { aloneRuns: number; aloneItems: number; sharedItems: number };

/**
 * Waiting runs in the order of service: by level, and within a level as they came; those that are late stand in lines
 * of the same kind behind all others. Entering and leaving cost the same however long the lines are.
 */
export type WaitingLines<Run extends Lined> = Iterable<Run> & {
  readonly length: number;
  readonly items: number;
  readonly lengthOf: (level: number) => number;
  /** Who is served before a run that comes now. */
  readonly ahead: (level: number) => Crowd;
  /** Would a run of this level stand behind all others? */
  readonly endsWith: (level: number) => boolean;
  readonly enter: (run: Run) => Place<Run>;
  readonly leave: (place: Place<Run>) => void;
  /** Puts it behind all that still have time. */
  readonly makeLate: (place: Place<Run>) => void;
};

export function createWaitingLines<Run extends Lined>(levels: number): WaitingLines<Run> {
  const onTime = Array.from({ length: levels }, () => createLine<Run>());
  const late = Array.from({ length: levels }, () => createLine<Run>());
  const order = [...onTime, ...late];
  const lineOf = ({ run, late: isLate }: Place<Run>): Line<Run> =>
    (isLate ? late : onTime)[run.level - 1] ?? missing();

  return {
    get length() {
      return order.reduce((sum, { length }) => sum + length, 0);
    },
    get items() {
      return order.reduce((sum, { crowd }) => sum + crowd.aloneItems + crowd.sharedItems, 0);
    },
    lengthOf: (level) => (onTime[level - 1]?.length ?? 0) + (late[level - 1]?.length ?? 0),
    ahead: (level) => onTime.slice(0, level).reduce((sum, { crowd }) => add(sum, crowd, 1), nobody()),
    endsWith: (level) => order.every(({ length }, index) => index < level || length === 0),
    enter: (run) => {
      const place: Place<Run> = { run, late: false, before: undefined, after: undefined };
      append(lineOf(place), place);
      return place;
    },
    leave: (place) => unlink(lineOf(place), place),
    makeLate: (place) => {
      unlink(lineOf(place), place);
      place.late = true;
      append(lineOf(place), place);
    },
    *[Symbol.iterator]() {
      for (const { first } of order) {
        for (let place = first; place; place = place.after) yield place.run;
      }
    },
  };
}

type Line<Run extends Lined> = {
  first: Place<Run> | undefined;
  last: Place<Run> | undefined;
  length: number;
  readonly crowd: Crowd;
};

function createLine<Run extends Lined>(): Line<Run> {
  return { first: undefined, last: undefined, length: 0, crowd: nobody() };
}

function nobody(): Crowd {
  return { aloneRuns: 0, aloneItems: 0, sharedItems: 0 };
}

function append<Run extends Lined>(line: Line<Run>, place: Place<Run>): void {
  place.before = line.last;
  place.after = undefined;
  if (line.last) line.last.after = place;
  else line.first = place;
  line.last = place;
  count(line, place.run, 1);
}

function unlink<Run extends Lined>(line: Line<Run>, place: Place<Run>): void {
  if (place.before) place.before.after = place.after;
  else line.first = place.after;
  if (place.after) place.after.before = place.before;
  else line.last = place.before;
  count(line, place.run, -1);
}

function count<Run extends Lined>(line: Line<Run>, { batchKey, items }: Run, sign: 1 | -1): void {
  line.length += sign;
  const alone = batchKey === undefined;
  const one = { aloneRuns: alone ? 1 : 0, aloneItems: alone ? items : 0, sharedItems: alone ? 0 : items };
  add(line.crowd, one, sign);
}

function add(sum: Crowd, more: Crowd, sign: 1 | -1): Crowd {
  sum.aloneRuns += sign * more.aloneRuns;
  sum.aloneItems += sign * more.aloneItems;
  sum.sharedItems += sign * more.sharedItems;
  return sum;
}

function missing(): never {
  throw new TradewindError("internal", "a run was queued at a priority level that does not exist");
}
