import { invalidAnswer } from "../open-inference-errors.ts";
import { type Place, pick, placeOf } from "./pick.ts";
import type { RestAnswer } from "./settings.ts";

/** What one thing is told by, as it came. */
export type Row = {
  readonly score: unknown;
  readonly class: unknown;
  readonly name: unknown;
  readonly box: readonly unknown[];
};

/** Finds the things in an answer: a list of them, or lists side by side of what there is to say of each. */
export function rowReader({ list, score, class: number, name, box }: RestAnswer): (data: unknown) => Row[] {
  const places = {
    score: placeOf(score),
    class: number === undefined ? undefined : placeOf(number),
    name: name === undefined ? undefined : placeOf(name),
    box: typeof box === "string" ? placeOf(box) : box.map(placeOf),
  };
  if (list === undefined) return (data) => fromColumns(data, places);
  const listPlace = placeOf(list);
  return (data) =>
    listOf(pick(data, listPlace), list).map((item) => ({
      score: pick(item, places.score),
      class: places.class && pick(item, places.class),
      name: places.name && pick(item, places.name),
      box: isOne(places.box) ? fourOf(pick(item, places.box)) : places.box.map((place) => pick(item, place)),
    }));
}

type Places = {
  readonly score: Place;
  readonly class: Place | undefined;
  readonly name: Place | undefined;
  readonly box: Place | readonly Place[];
};

/** Lists of the same length, side by side. */
function fromColumns(data: unknown, places: Places): Row[] {
  const scores = listOf(pick(data, places.score), "scores");
  const column = (place: Place | undefined, what: string): readonly unknown[] => {
    if (place === undefined) return [];
    const found = listOf(pick(data, place), what);
    if (found.length === scores.length) return found;
    throw invalidAnswer(`${found.length} ${what} for ${scores.length} scores`);
  };
  const classes = column(places.class, "classes");
  const names = column(places.name, "names");
  const boxes = isOne(places.box)
    ? [column(places.box, "boxes")]
    : places.box.map((place) => column(place, "corners"));
  return scores.map((score, row) => ({
    score,
    class: classes[row],
    name: names[row],
    box: boxes.length === 1 ? fourOf(boxes[0]?.[row]) : boxes.map((one) => one[row]),
  }));
}

function isOne(box: Place | readonly Place[]): box is Place {
  return typeof box[0] !== "object";
}

/** A server that leaves suppression to others tells of more things than anybody asks for. */
const mostRows = 10_000;

function listOf(found: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(found)) throw invalidAnswer(`no list at ${where}`);
  if (found.length > mostRows) throw invalidAnswer(`more than ${mostRows} things`);
  return found;
}

function fourOf(found: unknown): readonly unknown[] {
  if (Array.isArray(found) && found.length === 4) return found;
  throw invalidAnswer("a box that is no four numbers");
}
