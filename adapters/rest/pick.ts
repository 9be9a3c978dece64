/** The parts of a place in JSON, taken apart once. */
export type Place = readonly string[];

export function placeOf(text: string): Place {
  return text === "." ? [] : text.split(".");
}

/** What stands there; undefined where nothing does. Only what the JSON itself holds is seen. */
export function pick(data: unknown, place: Place): unknown {
  let here = data;
  for (const part of place) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[part];
  }
  return here;
}
