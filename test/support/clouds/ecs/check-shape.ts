import * as sdk from "@aws-sdk/client-ecs";

/** What the SDK's own schema of an operation finds wrong with a message: unknown members, wrong types, lacking ones. */
export function shapeProblems(
  operation: string,
  side: "request" | "answer",
  message: unknown,
): readonly string[] {
  const schema: unknown = Reflect.get(sdk, `${operation}$`);
  if (!Array.isArray(schema)) return [`ECS has no operation ${operation}`];
  const problems: string[] = [];
  check(schema[side === "request" ? 4 : 5], message, { path: operation, problems });
  return problems;
}

type Place = { readonly path: string; readonly problems: string[] };

/** Schemas are numbers, arrays of a kind, a namespace, a name and more, pairs with traits, or functions that give one. */
function check(given: unknown, value: unknown, place: Place): void {
  const schema = typeof given === "function" ? (given() as unknown) : given;
  if (typeof schema === "number") checkSimple(schema, value, place);
  if (!Array.isArray(schema)) return;
  const [kind, namespace] = schema;
  if (typeof namespace !== "string") check(kind, value, place);
  else if (kind === 0) check(schema[4], value, place);
  else if (kind === 1) checkList(schema[4], value, place);
  else if (kind === 2) checkMap(schema[5], value, place);
  else checkStructure(schema, value, place);
}

const simple: ReadonlyMap<number, string> = new Map([
  [0, "string"],
  [1, "number"],
  [2, "boolean"],
  [4, "number"],
]);

const listOf = 64;
const mapOf = 128;
const document = 15;

function checkSimple(schema: number, value: unknown, place: Place): void {
  if (schema === document) return;
  if (schema >= mapOf) checkMap(schema - mapOf, value, place);
  else if (schema >= listOf) checkList(schema - listOf, value, place);
  else if (typeof value !== simple.get(schema))
    place.problems.push(`${place.path}: expected ${simple.get(schema)}, got ${typeof value}`);
}

function checkList(item: unknown, value: unknown, { path, problems }: Place): void {
  if (!Array.isArray(value)) problems.push(`${path}: expected a list`);
  else for (const [index, one] of value.entries()) check(item, one, { path: `${path}[${index}]`, problems });
}

function checkMap(item: unknown, value: unknown, { path, problems }: Place): void {
  if (!isObject(value)) problems.push(`${path}: expected a map`);
  else for (const [key, one] of Object.entries(value)) check(item, one, { path: `${path}.${key}`, problems });
}

function checkStructure(schema: readonly unknown[], value: unknown, { path, problems }: Place): void {
  if (!isObject(value)) {
    problems.push(`${path}: expected an object`);
    return;
  }
  const [, , name, , names, members, required = 0] = schema as [
    number,
    string,
    string,
    unknown,
    string[],
    unknown[],
    number?,
  ];
  for (const lacking of names.slice(0, required))
    if (value[lacking] === undefined) problems.push(`${path}: lacks ${lacking}`);
  for (const [key, one] of Object.entries(value)) {
    const place = names.indexOf(key);
    if (place < 0) problems.push(`${path}: ${name} has no member ${key}`);
    else check(members[place], one, { path: `${path}.${key}`, problems });
    checkEnum(`${name}.${key}`, one, { path: `${path}.${key}`, problems });
  }
}

/** The schemas call an enumeration a string; the SDK lists its words elsewhere. */
const enums: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "DeploymentConfiguration.strategy": sdk.DeploymentStrategy,
  "DeploymentLifecycleHook.targetType": sdk.DeploymentLifecycleHookTargetType,
  "DeploymentLifecycleHook.lifecycleStages": sdk.DeploymentLifecycleHookStage,
  "DeploymentLifecycleHookTimeoutConfiguration.action": sdk.DeploymentLifecycleHookAction,
  "ContinueServiceDeploymentRequest.action": sdk.DeploymentLifecycleHookAction,
  "StopServiceDeploymentRequest.stopType": sdk.StopServiceDeploymentStopType,
  "ListTasksRequest.desiredStatus": sdk.DesiredStatus,
  "ListTaskDefinitionsRequest.status": sdk.TaskDefinitionStatus,
  "ListTaskDefinitionsRequest.sort": sdk.SortOrder,
  "DescribeTaskDefinitionRequest.include": sdk.TaskDefinitionField,
  "RegisterTaskDefinitionRequest.networkMode": sdk.NetworkMode,
  "RegisterTaskDefinitionRequest.requiresCompatibilities": sdk.Compatibility,
  "ResourceRequirement.type": sdk.ResourceType,
  "ServiceDeployment.status": sdk.ServiceDeploymentStatus,
  "ServiceDeployment.lifecycleStage": sdk.ServiceDeploymentLifecycleStage,
  "DeploymentLifecycleHookDetail.status": sdk.DeploymentLifecycleHookStatus,
  "ServiceDeploymentCircuitBreaker.status": sdk.ServiceDeploymentRollbackMonitorsStatus,
  "Task.healthStatus": sdk.HealthStatus,
  "Task.stopCode": sdk.TaskStopCode,
};

function checkEnum(name: string, value: unknown, { path, problems }: Place): void {
  const words = enums[name];
  if (words === undefined) return;
  for (const word of [value].flat())
    if (!Object.values(words).includes(String(word))) problems.push(`${path}: ECS has no ${word} there`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
