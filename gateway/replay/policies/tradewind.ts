import { choose } from "../../dispatch/choose.ts";
import type { OpenPolicy } from "../policy.ts";

/** Ours, as the gateway runs it. */
export const tradewind: OpenPolicy = () => ({ choose, hedges: true, wakes: true, asksReady: true });
