import { readDevicesAsk } from "./operate/devices-ask.ts";
import { asOperator } from "./operate/operator.ts";
import { readStatusAsk } from "./operate/status-ask.ts";

/**
 * `tradewind status`: what stands where, what is under way, and how what is tried out does beside the rest;
 * `tradewind status devices`: the same of what is at the edge.
 */
export function status(args: string[]): Promise<number> {
  const [first, ...rest] = args;
  return first === "devices" ? ofDevices(rest) : ofFleet(args);
}

function ofFleet(args: string[]): Promise<number> {
  const asked = { verb: "status", read: () => readStatusAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { tellStatus } = await import("./operate/tell-status.ts");
    return await tellStatus(ask, operator);
  });
}

function ofDevices(args: string[]): Promise<number> {
  const asked = { verb: "status devices", read: () => readDevicesAsk(args) };
  return asOperator(asked, async (ask, operator) => {
    const { tellDevices } = await import("./operate/tell-devices.ts");
    return await tellDevices(ask, operator);
  });
}
