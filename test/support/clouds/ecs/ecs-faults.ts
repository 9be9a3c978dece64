import type { CloudFault } from "../world.ts";
import { EcsRefusal } from "./ecs-refusal.ts";

/** The faults of a fake that are still to come, one for each call of its action. */
export type PlannedFaults = {
  readonly plan: (fault: CloudFault) => void;
  readonly next: (action: string) => CloudFault["kind"] | undefined;
};

export function planFaults(): PlannedFaults {
  const planned: { readonly fault: CloudFault; left: number }[] = [];
  return {
    plan: (fault) => planned.push({ fault, left: fault.times }),
    next: (action) => {
      const one = planned.find(({ fault, left }) => fault.action === action && left > 0);
      if (one) one.left -= 1;
      return one?.fault.kind;
    },
  };
}

/** What ECS says of it, in words that the real one uses. */
export function refusalOf(kind: Exclude<CloudFault["kind"], object>, action: string): EcsRefusal | undefined {
  const said = words[kind];
  return said && new EcsRefusal(said[0], said[1].replaceAll("ACTION", action), said[2]);
}

const words: Readonly<
  Record<Exclude<CloudFault["kind"], object>, readonly [string, string, number] | undefined>
> = {
  throttled: ["ThrottlingException", "Rate exceeded", 400],
  forbidden: [
    "AccessDeniedException",
    "User: arn:aws:iam::123456789012:user/fleet is not authorized to perform: ACTION on resource: * because no identity-based policy allows the ACTION action",
    400,
  ],
  quota: [
    "LimitExceededException",
    "You've reached the limit on the number of vCPUs you can run concurrently",
    400,
  ],
  full: ["ClientException", "Capacity is unavailable at this time. Please try again later.", 400],
  conflict: ["ConflictException", "The resource is being changed by another request.", 400],
  unavailable: ["ServerException", "Service Unavailable. Please try again later.", 500],
  truncated: undefined,
};
