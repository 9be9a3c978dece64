import type { FileSystem } from "../store/file-system.ts";
import type { ListedFile } from "../trust/trusted-list.ts";
import type { AskOrigins } from "./ask-origins.ts";
import type { Origin } from "./origin.ts";
import type { Pace } from "./pace.ts";
import type { Part } from "./part.ts";

/** A file on its way, with what is known of those it comes from. */
export type Fetching = AskOrigins & {
  readonly file: Pick<ListedFile, "address" | "bytes" | "sha256">;
  readonly blocks: Uint8Array;
  readonly fs: FileSystem;
  readonly path: string;
  readonly part: Part;
  readonly pace?: Pace | undefined;
  readonly onProgress?: ((progress: { bytes: number; of: number; received: number }) => void) | undefined;
  readonly tally: { received: number };
  /** What was at hand before. */
  readonly startedWith: number;
  /** The strong tag of what each origin sent last. */
  readonly tags: Map<Origin, string>;
  /** Blocks that each origin sent whole and wrong. */
  readonly wrong: Map<Origin, Set<number>>;
};

/** Once the whole file for nothing, and no more; one that has cost half of that is left, where another is to be had. */
export function isWasted(fetching: Fetching, origin: Origin): boolean {
  const { tally, part, startedWith, file } = fetching;
  const allowed = hasOthers(fetching, origin) ? file.bytes / 2 : file.bytes;
  return tally.received - (part.atHand() - startedWith) > allowed + unwritten;
}

export function hasOthers({ origins, left }: Fetching, origin: Origin): boolean {
  return origins.some((one) => one !== origin && !left?.has(one));
}

/** What is in hand of a block counts as nothing until some of it is written. */
const unwritten = 16_384;
