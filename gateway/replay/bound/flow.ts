import type { Demand, Grid } from "./demand.ts";
import type { Supply } from "./supply.ts";

/** Who is served in time when everybody works on whoever has to be done first: nobody serves more. */
export type Flow = {
  readonly served: number;
  /** Whether one more arrival in a bucket could still be served. */
  readonly hasRoom: Uint8Array;
};

/** How much all of these can do in each bucket. */
export function roomOf(supplies: readonly Supply[], grid: Grid): Float64Array {
  const room = new Float64Array(grid.count);
  for (const supply of supplies)
    for (let bucket = 0; bucket < room.length; bucket += 1)
      room[bucket] = (room[bucket] ?? 0) + (supply.room[bucket] ?? 0) * supply.instances;
  return room;
}

export function flowOf({ count }: Demand, room: Float64Array, { borrows }: Grid): Flow {
  const late = new Float64Array(room.length);
  const own = new Float64Array(room.length);
  let [served, waiting] = [0, 0];
  for (let bucket = 0; bucket < room.length; bucket += 1) {
    const [most, come] = [room[bucket] ?? 0, count[bucket] ?? 0];
    const old = Math.min(most, waiting);
    const fresh = Math.min(most - old, come);
    late[bucket] = old;
    own[bucket] = fresh;
    served += old + fresh;
    waiting = borrows ? come - fresh : 0;
  }
  return { served, hasRoom: whereRoomIs({ room, late, own }, borrows) };
}

/** How many are served when who has to be done first comes first; each may wait for so many buckets after its own. */
export function servedWithin(count: Float64Array, room: Float64Array, buckets: number): number {
  const left = count.slice();
  let [served, oldest] = [0, 0];
  const take = (bucket: number, wanted: number): number => {
    let taken = 0;
    while (oldest <= bucket && taken < wanted) {
      const here = left[oldest] ?? 0;
      const part = Math.min(wanted - taken, here);
      left[oldest] = here - part;
      taken += part;
      if (part === here) oldest += 1;
    }
    return taken;
  };
  for (let bucket = 0; bucket < room.length; bucket += 1) {
    oldest = Math.max(oldest, bucket - buckets);
    served += take(bucket, room[bucket] ?? 0);
  }
  return served;
}

type Used = { readonly room: Float64Array; readonly late: Float64Array; readonly own: Float64Array };

/** Room that is taken can be freed where its work can be done in the bucket before or after. */
function whereRoomIs({ room, late, own }: Used, borrows: boolean): Uint8Array {
  const length = room.length;
  const free = new Uint8Array(length);
  for (let bucket = 0; bucket < length; bucket += 1) {
    const used = (late[bucket] ?? 0) + (own[bucket] ?? 0);
    const isSpare = (room[bucket] ?? 0) > used + 1e-9;
    free[bucket] = isSpare || ((late[bucket] ?? 0) > 0 && free[bucket - 1] === 1) ? 1 : 0;
  }
  if (!borrows) return free;
  for (let bucket = length - 2; bucket >= 0; bucket -= 1)
    if ((own[bucket] ?? 0) > 0 && free[bucket + 1] === 1) free[bucket] = 1;
  return free.map((one, bucket) => (one || free[bucket + 1] === 1 ? 1 : 0));
}
