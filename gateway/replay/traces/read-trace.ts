import { TradewindError } from "#infra/runtime/errors.ts";
import { createSeeded, type Seeded } from "../seeded.ts";
import { looksLikeAlb, readAlbRow } from "./alb.ts";
import { looksLikeAzureLlm, readAzureLlmRow } from "./azure-llm.ts";
import { looksLikeLedger, readLedgerRow } from "./ledger.ts";
import { createRowReader, type LineReader, type Recorded, type Wanted } from "./line-reader.ts";
import { looksLikeNginx, readNginxRow } from "./nginx.ts";
import { createRows } from "./rows.ts";
import { createServeGenReader, type FittedOptions, looksLikeServeGen } from "./servegen.ts";
import { createSizes, type SizeTerms } from "./sizes.ts";
import { createTally, type LineTally, mostLine } from "./tally.ts";

export type TraceFormat = "azure-llm" | "servegen" | "nginx" | "alb" | "ledger";

/** The fitted options are those of `servegen`; a recorded trace is cut and scaled after it was read. */
export type TraceOptions = FittedOptions & {
  readonly format?: TraceFormat | "auto" | undefined;
  readonly seed?: number | undefined;
  /** Of an access log: requests with the method POST, which is the default, or all. */
  readonly wanted?: Wanted | undefined;
  /** How large images are that the trace is silent about. */
  readonly sizes?: SizeTerms | undefined;
};

export type Trace = Recorded & {
  readonly format: TraceFormat;
  readonly lines: LineTally;
  /** The trace went on, but no more could be held. */
  readonly cut: boolean;
};

/** Reads a trace to its end, whatever its lines hold; fails only where no request is left in it. */
export async function readTrace(
  lines: AsyncIterable<string> | Iterable<string>,
  options: TraceOptions = {},
): Promise<Trace> {
  const intake = createIntake(options);
  for await (const line of lines) {
    if (!intake.take(line)) break;
  }
  return intake.finish();
}

/** Before a format is chosen so many lines are looked at; all of them are read afterwards. */
const mostLooks = 20;

/** Holds lines back until the format is known, then hands them on. */
function createIntake(options: TraceOptions) {
  const held: string[] = [];
  const tally = createTally();
  let chosen: { readonly format: TraceFormat; readonly reader: LineReader } | undefined;
  const choose = () => {
    const format = formatOf(held, options.format);
    const reader = openReader[format](options);
    for (const line of held) tally.count(line, reader);
    return { format, reader };
  };
  return {
    /** False where further lines are of no use. */
    take: (line: string): boolean => {
      if (chosen) tally.count(line, chosen.reader);
      else if (held.push(line) >= mostLooks) chosen = choose();
      return !chosen?.reader.full();
    },
    finish: (): Trace => {
      const { format, reader } = chosen ?? choose();
      const cut = reader.full();
      const lines = tally.report();
      const recorded = reader.finish();
      if (recorded.arrivals.count === 0) throw nothingLeft(format, lines);
      return { format, ...recorded, lines, cut };
    },
  };
}

const looks: Readonly<Record<TraceFormat, (line: string) => boolean>> = {
  "azure-llm": looksLikeAzureLlm,
  servegen: looksLikeServeGen,
  ledger: looksLikeLedger,
  alb: looksLikeAlb,
  nginx: looksLikeNginx,
};

const formats = ["azure-llm", "servegen", "ledger", "alb", "nginx"] as const satisfies TraceFormat[];

/** The format that most of the first lines have. */
function formatOf(lines: readonly string[], wished: TraceOptions["format"]): TraceFormat {
  if (wished !== undefined && wished !== "auto") return wished;
  const likely = lines.filter((line) => line.length <= mostLine);
  const votes = formats.map((format) => ({ format, count: likely.filter(looks[format]).length }));
  const best = votes.reduce((most, vote) => (vote.count > most.count ? vote : most));
  if (best.count > 0) return best.format;
  throw new TradewindError("config_invalid", "the trace is in no format that is known here", {
    hint: `known are ${formats.join(", ")}; name one of them if its first ${mostLooks} lines are not typical`,
  });
}

const openReader: Readonly<Record<TraceFormat, (options: TraceOptions) => LineReader>> = {
  "azure-llm": (options) => createRowReader(readAzureLlmRow, rowsFor(options)),
  ledger: (options) => createRowReader(readLedgerRow, rowsFor(options)),
  alb: ({ wanted = "posts", ...options }) =>
    createRowReader((line) => readAlbRow(line, wanted), rowsFor(options)),
  nginx: ({ wanted = "posts", ...options }) =>
    createRowReader((line) => readNginxRow(line, wanted), rowsFor(options)),
  servegen: (options) => createServeGenReader({ ...options, ...streamsFor(options) }),
};

function rowsFor(options: TraceOptions) {
  return createRows(streamsFor(options));
}

function streamsFor({ seed = 1, sizes = {} }: TraceOptions): { seeded: Seeded; drawBytes: () => number } {
  const seeded = createSeeded(seed);
  return { seeded: seeded.fork("times"), drawBytes: createSizes(sizes, seeded.fork("sizes")) };
}

function nothingLeft(format: TraceFormat, { read, passed, wrong, firstWrong }: LineTally): TradewindError {
  const shown = firstWrong.map(({ line, why }) => `\n  line ${line} ${why}`).join("");
  const counts = `${read} lines, ${wrong} of them wrong, ${passed} without a request that is wanted`;
  return new TradewindError(
    "config_invalid",
    `no request is left in the trace (${format}): ${counts}${shown}`,
    {
      hint:
        passed > 0
          ? "of access logs only POSTs are replayed unless all requests are wanted"
          : "is it the right file?",
    },
  );
}
