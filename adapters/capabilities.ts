/** What a place can do at all, as data, so that nobody outside asks which cloud it is. */
export type Capabilities = {
  /** Why a model that needs a GPU has no place here and where it has one; undefined where it can run. */
  readonly gpuLack: string | undefined;
  /**
   *   count    so many instances stand as one asks for
   *   bounds   the platform scales by itself, between a least and a most
   *   none     somebody else scales it
   */
  readonly scale: "count" | "bounds" | "none";
  /** Its count may be zero. */
  readonly zero: boolean;
  /** It can be given another image, beside the one that answers, with an address of its own. */
  readonly deploy: boolean;
  /** It parts its own traffic between revisions. */
  readonly shift: boolean;
  /** What is lost together: a cloud's region as a rule. */
  readonly domain: string;
  /** How long a promotion takes at least by what its settings say; 0 where they say nothing of it. */
  readonly promoteMs: number;
};
