import { z } from "zod";
import { byteSizeUpTo, durationUpTo, shareUpTo } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { isSafe, webAddress } from "./config/web-address.ts";
import { dailyWindow } from "./config/window.ts";

const modelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, dot, dash and underscore");

const folder = z.string().min(1).max(1_000);

const sync = z.strictObject({
  every: durationUpTo("24h")
    .prefault("5m")
    .describe("how often the gateway is asked while it does not say itself how often it wants to be"),
  window: dailyWindow
    .optional()
    .describe(
      "the part of the day, by this machine's clock, in which models are fetched; revoked ones go at once",
    ),
  bandwidth: byteSizeUpTo("1GiB").optional().describe("what a second of fetching may carry"),
  jitter: shareUpTo(1)
    .prefault("100%")
    .describe(
      "how much of a wait is left to chance, so that devices that start together do not stay together",
    ),
});

const forward = z.strictObject({
  key: z
    .string()
    .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|[^\s:][^:]*)$/, "expected env:NAME or the path of a file")
    .describe("where the gateway's key for this device lies: env:NAME, or a file"),
  when: z
    .enum(["always", "unsure"])
    .default("unsure")
    .describe(
      "every image, or those of which the local answer holds something that the model hardly believes",
    ),
  below: shareUpTo(1).prefault(0.5).describe("scores under this one are hardly believed"),
  within: durationUpTo("1m")
    .prefault("400ms")
    .describe("the gateway's answer is waited for so long, then the local one stands"),
});

const answer = z.strictObject({
  host: z.string().min(1).max(253).default("127.0.0.1"),
  hosts: z
    .array(z.string().min(1).max(253))
    .max(32)
    .default([])
    .describe("other names by which callers reach this device; its address and localhost it knows"),
  port: z.int().min(0).max(65_535).default(8_100),
  workers: z.int().min(1).max(64).default(1).describe("sessions for each model"),
  forward: forward
    .optional()
    .describe("images go to the gateway as well, and its answer is told where it is in time; absent: never"),
});

/** The sections of an `edge.yaml`. */
export const edgeShape = {
  gateway: webAddress.describe("where plans and signed models come from"),
  data: folder.default(".tradewind-edge").describe("all that the device remembers; for one agent at a time"),
  models: z
    .array(modelName)
    .min(1)
    .max(100)
    .optional()
    .describe("of what the gateway plans only these are kept here; absent: all of it"),
  mirrors: z
    .array(webAddress)
    .max(8)
    .default([])
    .describe("copies of the signed repository, asked for files before the gateway is"),
  proxy: webAddress.optional().describe("what stands between this device and all of these addresses"),
  insecure: z
    .boolean()
    .default(false)
    .describe(
      "plain http to other machines: signed files stay safe, but anybody on the way sees what goes where",
    ),
  sync: sync.prefault({}),
  answer: answer.prefault({}),
  builtin: folder
    .optional()
    .describe("models that came with the device, as MODEL/VERSION/model.onnx: for when nothing else may run"),
  memory: byteSizeUpTo("1024GiB")
    .optional()
    .describe("what models may take; absent: most of what the machine has"),
};

const Shape = z.strictObject(edgeShape);

export const EdgeConfig = Shape.superRefine((said, context) => {
  const addresses: [string[], string][] = [
    [["gateway"], said.gateway],
    ...said.mirrors.map((url, at): [string[], string] => [["mirrors", String(at)], url]),
  ];
  for (const [path, url] of addresses)
    if (!said.insecure && !isSafe(url)) context.addIssue({ code: "custom", path, message: unsafe });
});

const unsafe = "expected https; http to another machine takes insecure: true";

export type EdgeConfig = z.output<typeof EdgeConfig>;

/** Keys and values as they stand in a file; flags are laid over it in the same form. */
export type Said = Readonly<Record<string, unknown>>;

/** Flags alone. */
export function edgeConfigOf(said: Said): EdgeConfig {
  const { data, error } = EdgeConfig.safeParse(said);
  if (data) return data;
  const problems = error.issues.map(({ path, message }) => `\n  ${path.join(".") || "flags"}: ${message}`);
  const isUnsafe = error.issues.some(({ message }) => message === unsafe);
  throw new TradewindError("config_invalid", `this device cannot be set up so:${problems.join("")}`, {
    hint: isUnsafe
      ? "say https://, or --insecure where anybody on the way may see what goes where"
      : "say at least --gateway URL, or --config edge.yaml",
  });
}
