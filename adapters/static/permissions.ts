import type { Permissions } from "../permissions.ts";

export const permissions: Permissions = { gateway: [], fleet: [] };
