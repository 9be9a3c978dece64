import { z } from "zod";
import { durationUpTo } from "#infra/runtime/config/units.ts";
import { signShape } from "../sign-settings.ts";

/** A name as Azure's resources have them; it becomes a part of an address. */
export const resourceName = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,58}[A-Za-z0-9])?$/,
    "expected letters, digits and dashes, at most 60",
  );

/** The keys that all kinds in Azure share, to be spread into each one's own. */
export const azureShape = {
  subscription: z.guid("expected the id of a subscription").describe("the id of the subscription"),
  resourceGroup: z
    .string()
    .regex(/^[\w().-]{0,89}[\w()-]$/, "expected the name of a resource group")
    .describe("the resource group that the app is in"),
  region: z
    .string()
    .regex(/^[a-z0-9]{2,40}$/, "expected a region such as westeurope")
    .describe("the region that the app is in, such as westeurope"),
  app: resourceName.describe("the app's name"),
  auth: z
    .enum(["none", "entra"])
    .default("none")
    .describe("who lets calls in before the backends: nobody, or Microsoft Entra, which wants a token"),
  audience: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("whom the tokens are for, such as api://<id of the app's registration>, with `auth: entra`"),
  api: z
    .url({ protocol: /^https$/, error: "expected an https address, since a token goes there" })
    .optional()
    .describe("another address of Azure Resource Manager, for private endpoints"),
  pollEvery: durationUpTo("1m")
    .prefault("5s")
    .describe("how often a change that takes long is asked about where Azure does not say"),
  ...signShape,
};

export type AzureSettings = z.output<z.ZodObject<typeof azureShape>>;

/** What no key of these can see alone, for a kind's `superRefine`. Values may be of any kind. */
export function checkAuth(
  { auth, audience, sign }: AzureSettings,
  context: z.core.$RefinementCtx<AzureSettings>,
): void {
  const say = (path: keyof AzureSettings, message: string): void =>
    context.addIssue({ code: "custom", path: [path], message });
  if (auth === "entra" && audience === undefined)
    say("auth", "needs an audience: give audience, such as api://<id of the app's registration>");
  if (auth === "none" && audience !== undefined) say("audience", "means nothing without auth: entra");
  if (auth === "entra" && sign !== undefined)
    say("sign", "contradicts auth: entra, whose tokens let calls in already");
}
