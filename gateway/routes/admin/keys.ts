import type { Context } from "hono";
import type { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import {
  describedKeyCreation,
  describedKeyList,
  describedKeyRevocation,
  describedKeyRotation,
} from "../../document/admin-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import type { Actor } from "../../records/actor.ts";
import { type KeyRights, usualRights } from "../../records/api-key.ts";
import { createKey, listKeys, revokeKey, rotateKey } from "../../records/keys.ts";
import { keptLimits } from "../../records/rights.ts";
import { type AdminDeps, administer, nextCursor, takeOver, tenantInView } from "./admin-deps.ts";
import { presentKey, presentNewKey } from "./present.ts";
import { readJson, readParams, readQuery } from "./read-request.ts";
import {
  keyBody,
  type keyListAnswer,
  keyParams,
  keyQuery,
  type rotationAnswer,
  rotationBody,
} from "./schemas.ts";

/** Keys: made, listed, exchanged and revoked; a key's text is in the answer that made it and nowhere else. */
export function adminKeyRoutes(deps: AdminDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedKeyCreation, async (c) => {
    const { database, actor, clock, chance } = administer(c, deps);
    const { name, ...body } = await readJson(c, keyBody);
    const rights = rightsOf(body, actor, clock.now());
    const { text, record } = await createKey(database, { actor, name, rights, chance });
    await takeOver(deps);
    c.header("cache-control", "no-store");
    return c.json(presentNewKey(text, record), 201);
  });
  mount(routes, describedKeyList, async (c) => {
    const { database, actor } = administer(c, deps);
    const { tenant, cursor, limit, revoked } = readQuery(c, keyQuery);
    const filter = {
      tenant: tenantInView(actor, tenant),
      after: cursor,
      most: limit,
      all: revoked === "true",
    };
    const keys = await listKeys(database.query, filter);
    const answer: z.input<typeof keyListAnswer> = {
      keys: keys.map(presentKey),
      next_cursor: nextCursor(keys, limit, ({ id }) => id),
    };
    return c.json(answer);
  });
  mount(routes, describedKeyRotation, (c) => rotate(c, deps));
  mount(routes, describedKeyRevocation, async (c) => {
    const { database, actor } = administer(c, deps);
    const { id } = readParams(c, keyParams);
    await revokeKey(database, { actor, id });
    await takeOver(deps);
    return c.body(null, 204);
  });
  return routes;
}

async function rotate(c: Context<GatewayEnv>, deps: AdminDeps): Promise<Response> {
  const { database, actor, clock, chance } = administer(c, deps);
  const { id } = readParams(c, keyParams);
  const { overlap, expires_at } = await readJson(c, rotationBody, { mayBeEmpty: true });
  const now = clock.now();
  const expiresAt = expiryOf(expires_at, now);
  const rotated = await rotateKey(database, { actor, id, overlapMs: overlap, expiresAt, now, chance });
  await takeOver(deps);
  const answer: z.input<typeof rotationAnswer> = {
    ...presentNewKey(rotated.text, rotated.record),
    replaces: id,
    replaced_works_until: rotated.overlapEndsAt.toISOString(),
  };
  c.header("cache-control", "no-store");
  return c.json(answer, 201);
}

type KeyBody = Omit<z.output<typeof keyBody>, "name">;

function rightsOf(
  { expires_at, limits, concurrency, tenant, ...rest }: KeyBody,
  actor: Actor,
  now: number,
): KeyRights {
  const expiresAt = expiryOf(expires_at, now);
  return {
    ...rest,
    tenant: tenant ?? actor.within?.tenant ?? usualRights.tenant,
    limits: keptLimits(concurrency === undefined ? { limits } : { limits, concurrency }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function expiryOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (at > now) return at;
  throw new TradewindError("parameter_invalid", "expires_at: this moment is over");
}
