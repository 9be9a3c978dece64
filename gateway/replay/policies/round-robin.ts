import type { Lane } from "../../dispatch/pool.ts";
import type { OpenPolicy } from "../policy.ts";
import { choosing } from "./choosing.ts";

/** One after the other; who may not be used is passed by. */
export const roundRobin: OpenPolicy = () => {
  let last = -1;
  return {
    choose: choosing((lanes) => {
      const next = lanes.find(({ place }) => place > last) ?? (lanes[0] as Lane);
      last = next.place;
      return next;
    }),
    hedges: false,
    wakes: false,
  };
};
