import type { Context } from "hono";
import type { z } from "zod";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { readBody } from "#infra/runtime/read-body.ts";
import {
  describedConfiguration,
  describedConfigurationDiff,
  describedConfigurationHistory,
  describedConfigurationPut,
  describedConfigurationRollback,
  describedConfigurationVersion,
} from "../../document/configuration-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import { refuseUnservable } from "../../fleet/begin-configuration.ts";
import type { FollowedConfiguration } from "../../fleet/follow-config.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import { type Actor, actorOf, refuseUnlessOperator } from "../../records/actor.ts";
import {
  listConfigurations,
  newestConfiguration,
  type Publishing,
  publishConfiguration,
  readConfiguration,
  rollBackConfiguration,
} from "../../records/configurations.ts";
import { diffOfVersions } from "../../records/diff-versions.ts";
import { nextCursor } from "./admin-deps.ts";
import {
  type configurationAnswer,
  diffQuery,
  type historyAnswer,
  historyQuery,
  type publishedAnswer,
  rollbackBody,
  type versionAnswer,
  versionParams,
} from "./configuration-schemas.ts";
import { presentEntry, presentStatus } from "./present-configuration.ts";
import { readJson, readParams, readQuery } from "./read-request.ts";

export type ConfigurationDeps = {
  /** None with `records: file`. */
  readonly database: Database | undefined;
  /** None where nothing follows what is published. */
  readonly configuration?: Followed;
};

type Followed = Pick<FollowedConfiguration, "status" | "catchUp" | "check">;

type Operating = { readonly database: Database; readonly configuration: Followed; readonly actor: Actor };

/** The configuration of all gateways: seen, changed, compared and rolled back by the operators alone. */
export function adminConfigurationRoutes(deps: ConfigurationDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedConfiguration, async (c) => {
    const { database, configuration } = operate(c, deps);
    const newest = await newestConfiguration(database.query, 0);
    if (!newest) throw new TradewindError("record_unknown", "no configuration was published yet");
    const status = presentStatus(configuration.status());
    const answer: z.input<typeof configurationAnswer> = {
      ...presentEntry(newest),
      text: newest.text,
      ...status,
    };
    c.header("etag", tagOf(newest.version));
    return c.json(answer);
  });
  mount(routes, describedConfigurationPut, (c) => put(c, deps));
  mount(routes, describedConfigurationHistory, async (c) => {
    const { database } = operate(c, deps);
    const { limit, cursor } = readQuery(c, historyQuery);
    const versions = await listConfigurations(database.query, { before: cursor, most: limit });
    const answer: z.input<typeof historyAnswer> = {
      versions: versions.map(presentEntry),
      next_cursor: nextCursor(versions, limit, ({ version }) => String(version)),
    };
    return c.json(answer);
  });
  mount(routes, describedConfigurationDiff, async (c) => {
    const { database } = operate(c, deps);
    return c.text(await diffOfVersions(database.query, readQuery(c, diffQuery)));
  });
  mount(routes, describedConfigurationVersion, async (c) => {
    const { database } = operate(c, deps);
    const { version } = readParams(c, versionParams);
    const found = await readConfiguration(database.query, version);
    if (!found) throw new TradewindError("record_unknown", `there is no version ${version}`);
    const answer: z.input<typeof versionAnswer> = { ...presentEntry(found), text: found.text };
    c.header("etag", tagOf(version));
    return c.json(answer);
  });
  mount(routes, describedConfigurationRollback, async (c) => {
    const operating = operate(c, deps);
    const { database, actor } = operating;
    const expected = readIfMatch(c);
    const { to } = await readJson(c, rollbackBody, { mayBeEmpty: true });
    const wanted = { actor, to, expected, check: refuseUnservable };
    return await answerPublished(
      c,
      operating,
      await rollBackConfiguration(database, wanted).catch(asCallersMistake),
    );
  });
  return routes;
}

async function put(c: Context<GatewayEnv>, deps: ConfigurationDeps): Promise<Response> {
  const operating = operate(c, deps);
  const { database, configuration, actor } = operating;
  const expected = readIfMatch(c);
  const text = await readText(c);
  // Whatever a gateway could not serve is refused here, while its author still looks.
  await configuration.check(text, "configuration").catch(asCallersMistake);
  const published = await publishConfiguration(database, { text, source: "admin", actor, expected });
  return await answerPublished(c, operating, published);
}

function asCallersMistake(error: unknown): never {
  throw error instanceof TradewindError && error.code === "config_invalid"
    ? new TradewindError("parameter_invalid", error.message, { cause: error })
    : error;
}

/** This gateway serves it before it answers, the others a moment later; it is published either way. */
async function answerPublished(
  c: Context<GatewayEnv>,
  { configuration }: Operating,
  { isNew, entry }: Publishing,
): Promise<Response> {
  await configuration.catchUp().catch((error: unknown) => {
    sideConcernSkipped.publish({ what: "following the configuration", error });
  });
  const status = presentStatus(configuration.status());
  const answer: z.input<typeof publishedAnswer> = { ...presentEntry(entry), is_new: isNew, ...status };
  c.header("etag", tagOf(entry.version));
  return c.json(answer, isNew ? 201 : 200);
}

function operate(c: Context<GatewayEnv>, { database, configuration }: ConfigurationDeps): Operating {
  const actor = actorOf(c.get("caller"));
  refuseUnlessOperator(actor, "see or change the configuration");
  if (database && configuration) return { database, configuration, actor };
  throw new TradewindError(
    "forbidden",
    "this gateway runs with records: file, so its configuration has no history: change its file, it is read again at once",
  );
}

const mostBytes = 1_048_576;

const types: ReadonlySet<string> = new Set(["application/yaml", "text/yaml"]);

async function readText(c: Context<GatewayEnv>): Promise<string> {
  const [type = ""] = (c.req.header("content-type") ?? "").toLowerCase().split(";");
  if (!types.has(type.trim()))
    throw new TradewindError("parameter_invalid", "content-type: expected application/yaml or text/yaml");
  const body = await readBody(c, { maxBytes: mostBytes, timeoutMs: 30_000 });
  return body.toString("utf8");
}

function tagOf(version: number): string {
  return `"${version}"`;
}

/** `*` means whichever is the newest. */
function readIfMatch(c: Context<GatewayEnv>): number | undefined {
  const given = c.req.header("if-match")?.trim();
  if (given === undefined || given === "*") return undefined;
  const [, version] = /^"([1-9]\d{0,14})"$/.exec(given) ?? [];
  if (version !== undefined) return Number(version);
  throw new TradewindError("parameter_invalid", 'if-match: expected the ETag of a version, such as "7"');
}
