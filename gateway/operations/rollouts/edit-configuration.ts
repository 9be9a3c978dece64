import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { newestConfiguration, publishConfiguration } from "../../records/configurations.ts";
import { ofTerm } from "../../records/leader.ts";
import { forgetTrials } from "../../records/trials.ts";
import type { Leading } from "../leader.ts";
import type { Edited } from "./candidate-in-config.ts";

export type Editing = {
  readonly database: Database;
  readonly leading: Leading;
  readonly name: string;
  readonly note: string;
};

/** Whoever publishes at the same moment is met again; more often than that, somebody else is to look. */
const mostTries = 5;

/** Publishes the newest configuration with something changed, whoever else changes it meanwhile. */
export async function editConfiguration(
  edit: (text: string, named: { readonly file: string }) => Edited,
  editing: Editing,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await editOnce(edit, editing);
    } catch (error) {
      if (asTradewindError(error).code !== "record_exists" || attempt === mostTries) throw error;
    }
  }
}

async function editOnce(
  edit: Parameters<typeof editConfiguration>[0],
  { database, leading, name, note }: Editing,
): Promise<void> {
  const { signal } = leading;
  const newest = await newestConfiguration(database.query, 0, { signal });
  if (!newest) throw new TradewindError("record_unknown", "no configuration was published yet");
  const { text, models } = edit(newest.text, { file: `version ${newest.version}` });
  if (text === newest.text) return;
  const records = ofTerm(database, leading.term);
  // Before it is published: gateways write what they find of the new step from then on, and nothing of it before.
  await records.transaction((query) => forgetTrials(query, models), { signal });
  const publication = { text, source: "admin", actor: { id: name }, note, expected: newest.version } as const;
  await publishConfiguration(records, publication, { signal });
}
