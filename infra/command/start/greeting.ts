import { relative } from "node:path";

export type Greeting = {
  readonly gatewayUrl: string;
  readonly model: string;
  readonly models: readonly string[];
  readonly key: string;
  readonly sample: string;
  readonly folder: string;
  readonly cwd: string;
  readonly seconds: number;
};

/** What a person reads when everything stands; the command is one whole line of its own, to be copied or piped. */
export function greeting({ gatewayUrl, model, models, key, sample, folder, cwd, seconds }: Greeting): string {
  const near = (path: string): string => {
    const short = relative(cwd, path);
    return short.startsWith("..") ? path : short;
  };
  const curl = [
    `curl --data-binary ${quoted(`@${near(sample)}`)}`,
    "-H 'content-type: image/jpeg'",
    `-H 'authorization: Bearer ${key}'`,
    `${gatewayUrl}/v1/models/${encodeURIComponent(model)}/detect`,
  ].join(" ");
  return [
    `Tradewind is ready after ${seconds.toFixed(1)} s, serving ${models.join(", ")}. Send it an image:`,
    "",
    curl,
    "",
    `  docs    ${gatewayUrl}/docs`,
    `  data    ${near(folder)} (PostgreSQL, the development key of that line)`,
    "  stop    Ctrl-C",
    "",
  ].join("\n");
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
