/** So many that each work on one request at a time, and for how long one may wait for them. */
export type Queue = { readonly servers: number; readonly serviceMs: number; readonly waitMs: number };

/**
 * The share of requests that find so many waiting already that they would be too late: the blocking of an M/M/c queue
 * with room for as many as are served within the wait. It is what is missed, or goes elsewhere. With more servers the
 * same load of each is blocked less, so one instance may be loaded less than ten.
 */
export function overflowShare(rps: number, { servers, serviceMs, waitMs }: Queue): number {
  if (!(rps > 0)) return 0;
  if (servers < 1 || !(serviceMs > 0) || waitMs < 0) return 1;
  const load = (rps * serviceMs) / 1_000;
  const each = load / servers;
  const room = Math.min(1e6, (even * waitMs * servers) / serviceMs);
  const lost = erlangB(load, servers);
  if (each <= 1) return (lost * each ** room) / (1 + lost * series(each, room));
  const back = 1 / each;
  return lost / (back ** room + lost * each * series(back, room));
}

/** Answers vary less than an exponential law says, so within a wait so many times as many are served. */
const even = 1.4;

/** The most that so many carry while no more than such a share overflows. */
export function mostWithin(share: number, queue: Queue): number {
  if (queue.servers < 1 || queue.waitMs < 0) return 0;
  let [low, high] = [0, (2 * queue.servers * 1_000) / queue.serviceMs];
  for (let round = 0; round < 40; round += 1) {
    const middle = (low + high) / 2;
    if (overflowShare(middle, queue) <= share) low = middle;
    else high = middle;
  }
  return low;
}

/** Beyond so many servers the parts are alike, and one of them stands for all. */
const mostServers = 512;

function erlangB(load: number, servers: number): number {
  const parts = Math.ceil(servers / mostServers);
  let blocked = 1;
  for (let server = 1; server <= servers / parts; server += 1)
    blocked = (load * blocked) / parts / (server + (load * blocked) / parts);
  return blocked;
}

/** r + r² + … + rⁿ. */
function series(r: number, n: number): number {
  if (n <= 0) return 0;
  return Math.abs(1 - r) < 1e-9 ? n : (r * (1 - r ** n)) / (1 - r);
}
