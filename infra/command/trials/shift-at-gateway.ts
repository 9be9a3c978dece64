import { z } from "zod";
import { trialsAnswer } from "#gateway/document/trials-routes.ts";
import { shiftShare } from "#gateway/trials/shift-shares.ts";
import { readTrials } from "#gateway/trials/written-trials.ts";
import { askAdmin } from "../ask-admin.ts";
import { refuseUnproven } from "./may-shift.ts";
import type { ShiftAsk } from "./shift-ask.ts";

const configuration = z.object({ version: z.int(), text: z.string() });
const published = z.object({ version: z.int(), is_new: z.boolean() });

type AtGateway = ShiftAsk & { readonly url: string };

/** The same through a gateway's administrators' door. */
export async function shiftAtGateway(ask: AtGateway, tell: (line: string) => void): Promise<number> {
  const newest = await askAdmin(ask, { path: "configuration" }, configuration);
  const shifted = shiftShare(newest.text, ask, { file: `version ${newest.version}` });
  if (!ask.isForced) {
    const { trials } = readTrials(await askAdmin(ask, { path: "trials" }, trialsAnswer));
    refuseUnproven(ask, shifted, trials);
  }
  const headers = { "content-type": "application/yaml", "if-match": `"${newest.version}"` };
  const put = { path: "configuration", method: "PUT", headers, body: shifted.text } as const;
  const { version, is_new: isNew } = await askAdmin(ask, put, published);
  tell(`${shifted.told}: version ${version}${isNew ? "" : " already"}`);
  return 0;
}
