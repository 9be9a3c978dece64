import { stringify } from "yaml";

export type LocalConfig = {
  readonly models: readonly string[];
  readonly source: string;
  readonly backendUrl: string;
  /** When it is written: a text that was published before would yield to a newer one, whose backend is gone. */
  readonly at: string;
};

/** The configuration for one backend on this machine, as a person would write it. */
export function localConfig({ models, source, backendUrl, at }: LocalConfig): string {
  const heading = `# Made by tradewind start at ${at} for the backend that it runs; written anew at each start.\n`;
  return (
    heading +
    stringify({
      models: Object.fromEntries(models.map((name) => [name, { source, task: "detect" }])),
      providers: { local: { kind: "static", urls: [backendUrl] } },
      routes: [{ models, slo: "2s", failover: [["local"]] }],
    })
  );
}
