import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";

/** The SDK hands on whatever came; of what is used here, every type and size is checked before it is believed. */
export function checkAnswer(operation: string, answer: unknown): void {
  const schema = Object.hasOwn(answers, operation) ? answers[operation] : undefined;
  const issue = schema?.safeParse(answer).error?.issues[0];
  if (issue === undefined) return;
  throw new TradewindError(
    "provider_answer_invalid",
    `ECS answered ecs:${operation} with ${issue.path.join(".").slice(0, 200)}: ${issue.message}`.slice(
      0,
      400,
    ),
  );
}

const text = z.string().max(4_096).optional();
const longText = z.string().max(65_536).optional();
const count = z.int().min(0).max(1_000_000).optional();
const weight = z.number().min(0).max(100).optional();
const when = z.date().optional();
const listOf = <Item extends z.ZodType>(item: Item, most = 1_000) => z.array(item).max(most).optional();
const texts = listOf(z.string().max(4_096));
const pair = z.object({ name: text, value: longText });

const failures = listOf(z.object({ arn: text, reason: text, detail: text }));
const page = { nextToken: text };

const hook = z.object({ targetType: text, lifecycleStages: texts });
const configuration = z.object({
  strategy: text,
  maximumPercent: count,
  minimumHealthyPercent: count,
  alarms: z.object({}).optional(),
  lifecycleHooks: listOf(hook, 100),
});

const placement = z.object({ capacityProvider: text, weight: count, base: count });
const service = z.object({
  serviceName: text,
  status: text,
  launchType: text,
  schedulingStrategy: text,
  deploymentController: z.object({ type: text }).optional(),
  desiredCount: count,
  runningCount: count,
  pendingCount: count,
  taskDefinition: text,
  deploymentConfiguration: configuration.optional(),
  capacityProviderStrategy: listOf(placement),
  currentServiceDeployment: text,
  events: listOf(z.object({ message: longText, createdAt: when })),
});

const summary = z.object({
  arn: text,
  requestedTaskCount: count,
  runningTaskCount: count,
  pendingTaskCount: count,
  requestedProductionTrafficWeight: weight,
});
const deployment = z.object({
  serviceDeploymentArn: text,
  status: text,
  statusReason: longText,
  lifecycleStage: text,
  sourceServiceRevisions: listOf(summary, 100),
  targetServiceRevision: summary.optional(),
  lifecycleHookDetails: listOf(z.object({ hookId: text, targetType: text, status: text }), 100),
  deploymentConfiguration: configuration.optional(),
  deploymentCircuitBreaker: z.object({ status: text }).optional(),
  alarms: z.object({ status: text }).optional(),
  rollback: z.object({ reason: longText }).optional(),
});
const brief = z.object({
  serviceDeploymentArn: text,
  targetServiceRevisionArn: text,
  status: text,
  createdAt: when,
});

const container = z.object({
  name: text,
  image: text,
  environment: listOf(pair, 10_000),
  healthCheck: z.object({}).optional(),
  portMappings: listOf(z.object({ containerPort: count })),
  resourceRequirements: listOf(z.object({ type: text, value: text })),
});
const definition = z.object({
  taskDefinitionArn: text,
  family: text,
  revision: z.int().min(0).max(1_000_000_000).optional(),
  status: text,
  networkMode: text,
  requiresCompatibilities: texts,
  containerDefinitions: listOf(container, 100),
});

const task = z.object({
  taskArn: text,
  taskDefinitionArn: text,
  containerInstanceArn: text,
  lastStatus: text,
  desiredStatus: text,
  healthStatus: text,
  createdAt: when,
  startedAt: when,
  stoppedAt: when,
  stopCode: text,
  stoppedReason: longText,
  attachments: listOf(z.object({ type: text, status: text, details: listOf(pair) }), 100),
  containers: listOf(
    z.object({
      name: text,
      reason: longText,
      networkInterfaces: listOf(z.object({ privateIpv4Address: text, ipv6Address: text }), 100),
    }),
    100,
  ),
});

const machine = z.object({ attributes: listOf(pair) });
const revision = z.object({ serviceRevisionArn: text, taskDefinition: text });

const answers: Readonly<Record<string, z.ZodType>> = {
  DescribeServices: z.object({ services: listOf(service, 10), failures }),
  DescribeServiceDeployments: z.object({ serviceDeployments: listOf(deployment, 20), failures }),
  DescribeServiceRevisions: z.object({ serviceRevisions: listOf(revision, 20), failures }),
  DescribeTaskDefinition: z.object({
    taskDefinition: definition.optional(),
    tags: listOf(z.object({ key: text, value: text }), 100),
  }),
  DescribeTasks: z.object({ tasks: listOf(task, 100), failures }),
  DescribeContainerInstances: z.object({ containerInstances: listOf(machine, 100), failures }),
  ListClusters: z.object({ clusterArns: texts, ...page }),
  ListServices: z.object({ serviceArns: texts, ...page }),
  ListServiceDeployments: z.object({ serviceDeployments: listOf(brief, 100), ...page }),
  ListTaskDefinitions: z.object({ taskDefinitionArns: texts, ...page }),
  ListTasks: z.object({ taskArns: texts, ...page }),
  RegisterTaskDefinition: z.object({ taskDefinition: definition.optional() }),
};
