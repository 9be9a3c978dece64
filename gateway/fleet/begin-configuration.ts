import type { Log } from "#infra/runtime/log.ts";
import { type Config, parseConfig } from "../config.ts";
import { digestOf, type PublishedConfiguration } from "../records/configurations.ts";
import type { ConfigSource } from "./config-source.ts";

/** What a gateway begins with. */
export type BegunConfiguration = {
  readonly text: string;
  readonly config: Config;
  /** 0 where it is in no records. */
  readonly version: number;
  /** What its own file said, which need not be the same. */
  readonly fileText: string;
};

export type BeginOptions = {
  readonly source: ConfigSource | undefined;
  readonly file: string;
  /** What is in the file. */
  readonly text: string;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/**
 * The file counts if its text is new to the fleet: somebody wrote it and started a gateway with it. A text that was
 * published before is an old file on one of many machines, and the newest of the fleet counts, whoever published it;
 * else a gateway that starts again would undo what was changed or rolled back since.
 */
export async function beginConfiguration(options: BeginOptions): Promise<BegunConfiguration> {
  const { source, file, text, log, signal } = options;
  const own = { text, config: parseConfig(text, { file }), fileText: text };
  if (!source) return { ...own, version: 0 };
  const { entry } = await source.publish({ text, source: "file", unless: "ever" }, signal);
  if (entry.sha256 === digestOf(text)) return { ...own, version: entry.version };
  const newest = await source.newest(0, signal);
  if (!newest) return { ...own, version: 0 };
  const { version } = newest;
  try {
    const config = parseConfig(newest.text, { file: publishedAs(version) });
    log.info({ file, version }, "the file was published before, so what was published after it counts");
    return { text: newest.text, config, version, fileText: text };
  } catch (error) {
    log.warn({ err: error, version }, "what was published is nothing to this gateway: its own file counts");
    return { ...own, version: 0 };
  }
}

/** Throws with every problem where a published text is none to this version of the gateway. */
export function refuseUnservable({ text, version }: Pick<PublishedConfiguration, "text" | "version">): void {
  parseConfig(text, { file: publishedAs(version) });
}

/** As messages name it, since it is no file of this machine. */
export function publishedAs(version: number): string {
  return `configuration ${version}`;
}
