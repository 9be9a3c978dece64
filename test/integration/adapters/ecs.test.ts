import { describeControl } from "#test/support/clouds/control-contract.ts";
import { ecsSubject } from "#test/support/clouds/ecs/open-subject.ts";

describeControl(ecsSubject());

describeControl(
  ecsSubject({
    name: "ecs behind a load balancer, with a canary of its own",
    fake: { hasLoadBalancer: true, checksHealth: false },
    settings: { launch: "managed-instances", strategy: "canary", step: "20%", stepBake: "3m", bake: "2m" },
  }),
);
