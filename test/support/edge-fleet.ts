import { createEnrolment, type EnrolmentTerms } from "#gateway/records/enrolments.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { openSoftState } from "#infra/runtime/soft-state/open-soft-state.ts";
import { createSteadySoftState } from "#infra/runtime/soft-state/steady.ts";
import { type EdgeDoor, openEdgeDoor, probe } from "./edge-door.ts";
import { startMigratedPostgres } from "./migrated-postgres.ts";
import { type DeviceCall, ProvingDevice } from "./proving-device.ts";
import { startRedisServer } from "./redis-server.ts";

/** Two gateways over a real PostgreSQL and a real Redis, without sockets on the devices' side. */
export type EdgeFleet = AsyncDisposable & {
  readonly database: Database;
  readonly here: EdgeDoor;
  readonly there: EdgeDoor;
  /** As an operator's command prints it. */
  readonly token: (terms?: Partial<EnrolmentTerms>, forMs?: number) => Promise<string>;
  /** A device that has its name; at `here`, where no other door is named. */
  readonly enrolled: (door?: EdgeDoor) => Promise<ProvingDevice>;
  /** The first row of a query over one value. */
  readonly row: (sql: string, value: string) => Promise<Record<string, unknown>>;
};

export async function openEdgeFleet(): Promise<EdgeFleet> {
  await using opening = new AsyncDisposableStack();
  const [{ database }, redis] = await Promise.all([
    startMigratedPostgres().then((records) => opening.use(records)),
    startRedisServer().then((server) => opening.use(server)),
  ]);
  const softState = opening.use(
    createSteadySoftState(await openSoftState({ redisUrl: redis.url }), { clock }),
  );
  const [here, there] = [openEdgeDoor({ database, softState }), openEdgeDoor({ database, softState })];
  const token: EdgeFleet["token"] = async (terms = {}, forMs = 60_000) => {
    const made = { actor: operator, terms: { models: [], ...terms }, forMs, chance };
    return `${(await createEnrolment(database, made)).text}.${"r".repeat(43)}`;
  };
  const opened = opening.move();
  return {
    ...{ database, here, there, token },
    enrolled: async (door = here) => {
      const device = new ProvingDevice(door.send);
      const { status, text } = await device.enrol(await token());
      if (status !== 201) throw new Error(`the device was not let in: ${text}`);
      return device;
    },
    row: async (sql, value) => {
      const parse = (found: unknown) => found as Record<string, unknown>;
      return (await database.query(sql, [value], { parse }))[0] ?? {};
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

export const operator = { id: "test" };

/** What a device asks to see whether it is let in. */
export const ask: DeviceCall = { path: `${probe}?any=query` };

/** The same device, as far as it is now, at another gateway. */
export function at(device: ProvingDevice, door: EdgeDoor): ProvingDevice {
  return Object.assign(new ProvingDevice(door.send, device.now), device, { send: door.send });
}
