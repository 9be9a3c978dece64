import type { z } from "zod";
import { type DeviceState, deviceState, emptyState } from "./device-state.ts";
import type { FileSystem } from "./file-system.ts";
import { foreignCode, isMissing } from "./foreign-code.ts";
import { lasting, lastingOf, raisedTo, stateFrom } from "./lasting.ts";
import { unseal } from "./sealed.ts";
import { mostStateBytes, type StatePlaces } from "./state-places.ts";

/**
 * What a start met: a `fresh` folder, a `whole` state, one whose newest copy was torn and the one `before` it served, or
 * a state of which both copies are `lost`, and at most what only ever grows is still known.
 */
export type Found = "fresh" | "whole" | "before" | "lost";

export type FoundState = {
  readonly found: Found;
  readonly state: DeviceState;
  /** The newest copy is one to keep as the one before. */
  readonly newestHolds: boolean;
};

type Copy<Content> =
  | { readonly is: "missing" | "torn" }
  | { readonly is: "whole"; readonly content: Content };

/** Reads and changes nothing, so that a start cut short costs nothing. */
export async function findState(fs: FileSystem, places: StatePlaces): Promise<FoundState> {
  const newest = await readCopy(fs, places.newest, deviceState);
  const before = await readCopy(fs, places.before, deviceState);
  const grown = await readCopy(fs, places.lasting, lasting);
  const known = grown.is === "whole" ? grown.content : lastingOf(emptyState);
  if (newest.is === "whole") {
    const older = before.is === "whole" ? lastingOf(before.content) : known;
    return {
      found: "whole",
      state: raisedTo(raisedTo(newest.content, older), known),
      newestHolds: true,
    };
  }
  if (before.is === "whole") {
    // Away is what a cut between two renames leaves; torn is a disk that did not keep its word.
    const found = newest.is === "missing" ? "whole" : "before";
    const state = raisedTo(before.content, known);
    return { found, state: grown.is === "whole" ? state : beyondUsed(state), newestHolds: false };
  }
  // A cut in the very first change leaves what only grows, and nothing else.
  const isFresh = newest.is === "missing" && before.is === "missing" && known.generation <= 1;
  return { found: isFresh ? "fresh" : "lost", state: stateFrom(known), newestHolds: false };
}

/** More than one change of the state ever sets aside: what the lost copy allowed may have been used. */
const leap = 1_000;

/** With nothing that tells how far the numbers of proofs were, none is used that may have been: twice is a copy's sign. */
function beyondUsed(state: DeviceState): DeviceState {
  const { identity } = state;
  return { ...state, identity: { ...identity, reservedNumbers: identity.reservedNumbers + leap } };
}

async function readCopy<Content>(
  fs: FileSystem,
  path: string,
  schema: z.ZodType<Content>,
): Promise<Copy<Content>> {
  try {
    const bytes = await fs.read(path, { maxBytes: mostStateBytes });
    const { success, data } = schema.safeParse(unseal(bytes));
    return success ? { is: "whole", content: data } : { is: "torn" };
  } catch (error) {
    if (isMissing(error)) return { is: "missing" };
    if (isTorn(error)) return { is: "torn" };
    throw error;
  }
}

/** A block that cannot be read, a file grown beyond sense, a folder in its place: as good as torn. */
function isTorn(error: unknown): boolean {
  return ["EIO", "EFBIG", "EISDIR", "EUCLEAN", "EBADMSG"].includes(foreignCode(error) ?? "");
}
