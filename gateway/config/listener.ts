import { z } from "zod";
import { name } from "./names.ts";

/** As a Host header has it, without a port. */
const hostName = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/,
    "expected the name of a host, without a port",
  );

export const listener = z
  .strictObject({
    address: z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, "expected HOST:PORT"),
    tenant: name
      .optional()
      .describe(
        "who comes in here belongs to this tenant and needs no key: for addresses that only its machines reach",
      ),
    hosts: z
      .array(hostName)
      .max(32)
      .default([])
      .describe(
        "names by which it is reached without a key, beside its address and localhost: a page can have any other one lead here",
      ),
    admin: z
      .boolean()
      .default(false)
      .describe("the administrators' door; with one of these the public door does not lead to them"),
  })
  .refine(({ tenant, admin }) => tenant === undefined || !admin, {
    path: ["tenant"],
    error: "an administrators' door wants keys, so it cannot stand for a tenant",
  })
  .refine(({ tenant, hosts }) => tenant !== undefined || hosts.length === 0, {
    path: ["hosts"],
    error: "only a door that stands for a tenant asks by which name it is reached",
  });
