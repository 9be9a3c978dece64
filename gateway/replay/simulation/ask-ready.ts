import type { EventQueue, Happening } from "./event-queue.ts";
import type { SimulatedGateway } from "./request.ts";

const everyMs = 1_000;

/**
 * Who rests is asked once a second whether it is ready, as the gateway's directory asks, and rests no longer when it
 * says so. A question costs nothing here and wakes nobody.
 */
export function askReadyEverySecond(
  gateways: readonly SimulatedGateway[],
  events: EventQueue,
  goesOn: () => boolean,
): void {
  const asking = gateways.filter(({ policy }) => policy.asksReady);
  if (asking.length === 0) return;
  const turn: Happening = {
    place: -1,
    happen: (now) => {
      for (const gateway of asking) askThoseThatRest(gateway, now);
      if (goesOn()) events.plan(turn, now + everyMs);
    },
  };
  events.plan(turn, everyMs);
}

function askThoseThatRest({ pool, backends }: SimulatedGateway, now: number): void {
  for (const { place, standing } of pool.lanes) {
    const { breaker, warmth } = standing;
    if (breaker.isResting(now) && warmth.isAwake(now) && backends[place]?.saysReady(now)) breaker.ready();
  }
}
