import type * as Sdk from "@aws-sdk/client-ecs";
import { retryCalmly } from "../retry-calmly.ts";
import type { Surroundings } from "../surroundings.ts";
import { checkAnswer } from "./check-answer.ts";
import { collectBounded } from "./collect-bounded.ts";
import { translateError } from "./translate-errors.ts";

type Ask<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>;

/** As much of ECS as is asked here, with its errors in our words. Questions are asked again in their own time; changes are made once. */
export type Ecs = {
  readonly describeContainerInstances: Ask<
    Sdk.DescribeContainerInstancesRequest,
    Sdk.DescribeContainerInstancesResponse
  >;
  readonly describeServices: Ask<Sdk.DescribeServicesRequest, Sdk.DescribeServicesResponse>;
  readonly describeServiceDeployments: Ask<
    Sdk.DescribeServiceDeploymentsRequest,
    Sdk.DescribeServiceDeploymentsResponse
  >;
  readonly describeServiceRevisions: Ask<
    Sdk.DescribeServiceRevisionsRequest,
    Sdk.DescribeServiceRevisionsResponse
  >;
  readonly describeTaskDefinition: Ask<Sdk.DescribeTaskDefinitionRequest, Sdk.DescribeTaskDefinitionResponse>;
  readonly describeTasks: Ask<Sdk.DescribeTasksRequest, Sdk.DescribeTasksResponse>;
  readonly listClusters: Ask<Sdk.ListClustersRequest, Sdk.ListClustersResponse>;
  readonly listServiceDeployments: Ask<Sdk.ListServiceDeploymentsRequest, Sdk.ListServiceDeploymentsResponse>;
  readonly listServices: Ask<Sdk.ListServicesRequest, Sdk.ListServicesResponse>;
  readonly listTaskDefinitions: Ask<Sdk.ListTaskDefinitionsRequest, Sdk.ListTaskDefinitionsResponse>;
  readonly listTasks: Ask<Sdk.ListTasksRequest, Sdk.ListTasksResponse>;
  readonly continueServiceDeployment: Ask<Sdk.ContinueServiceDeploymentRequest, unknown>;
  readonly deregisterTaskDefinition: Ask<Sdk.DeregisterTaskDefinitionRequest, unknown>;
  readonly registerTaskDefinition: Ask<Sdk.RegisterTaskDefinitionRequest, Sdk.RegisterTaskDefinitionResponse>;
  readonly stopServiceDeployment: Ask<Sdk.StopServiceDeploymentRequest, unknown>;
  readonly updateService: Ask<Sdk.UpdateServiceRequest, unknown>;
  /** May be called twice. */
  readonly close: () => void;
};

/** Where the API is, and what is looked after there, in words for errors. */
export type Api = { readonly region: string; readonly api?: string | undefined; readonly what: string };

/** The API of one region. Who asks is found by the SDK's own chain: environment, profile, container, instance. */
export async function openEcs(api: Api, surroundings: Surroundings): Promise<Ecs> {
  const { ECS } = await import("@aws-sdk/client-ecs");
  const ecs = new ECS(clientConfig(api, surroundings));
  const { what } = api;
  const make: Via = (name, send) => async (input, signal) => {
    const asked = { action: `ecs:${name}`, what, signal };
    if (signal.aborted) throw translateError(signal.reason, asked);
    try {
      const answer = await send(input, { abortSignal: signal });
      checkAnswer(name, answer);
      return answer;
    } catch (thrown) {
      throw translateError(thrown, asked);
    }
  };
  const look: Via = (name, send) => {
    const once = make(name, send);
    return async (input, signal) => {
      try {
        return await retryCalmly(() => once(input, signal), { ...surroundings, signal, mayRepeat: "all" });
      } catch (thrown) {
        throw translateError(thrown, { action: `ecs:${name}`, what, signal });
      }
    };
  };
  return { ...reading(ecs, look), ...changing(ecs, make), close: () => ecs.destroy() };
}

type Sending = { readonly abortSignal: AbortSignal };

type Via = <Input, Output>(
  name: string,
  send: (input: Input, options: Sending) => Promise<Output>,
) => Ask<Input, Output>;

function reading(ecs: Sdk.ECS, look: Via) {
  return {
    describeContainerInstances: look(
      "DescribeContainerInstances",
      (input: Sdk.DescribeContainerInstancesRequest, options) =>
        ecs.describeContainerInstances(input, options),
    ),
    describeServices: look("DescribeServices", (input: Sdk.DescribeServicesRequest, options) =>
      ecs.describeServices(input, options),
    ),
    describeServiceDeployments: look(
      "DescribeServiceDeployments",
      (input: Sdk.DescribeServiceDeploymentsRequest, options) =>
        ecs.describeServiceDeployments(input, options),
    ),
    describeServiceRevisions: look(
      "DescribeServiceRevisions",
      (input: Sdk.DescribeServiceRevisionsRequest, options) => ecs.describeServiceRevisions(input, options),
    ),
    describeTaskDefinition: look(
      "DescribeTaskDefinition",
      (input: Sdk.DescribeTaskDefinitionRequest, options) => ecs.describeTaskDefinition(input, options),
    ),
    describeTasks: look("DescribeTasks", (input: Sdk.DescribeTasksRequest, options) =>
      ecs.describeTasks(input, options),
    ),
    listClusters: look("ListClusters", (input: Sdk.ListClustersRequest, options) =>
      ecs.listClusters(input, options),
    ),
    listServices: look("ListServices", (input: Sdk.ListServicesRequest, options) =>
      ecs.listServices(input, options),
    ),
    listServiceDeployments: look(
      "ListServiceDeployments",
      (input: Sdk.ListServiceDeploymentsRequest, options) => ecs.listServiceDeployments(input, options),
    ),
    listTaskDefinitions: look("ListTaskDefinitions", (input: Sdk.ListTaskDefinitionsRequest, options) =>
      ecs.listTaskDefinitions(input, options),
    ),
    listTasks: look("ListTasks", (input: Sdk.ListTasksRequest, options) => ecs.listTasks(input, options)),
  };
}

function changing(ecs: Sdk.ECS, make: Via) {
  return {
    continueServiceDeployment: make(
      "ContinueServiceDeployment",
      (input: Sdk.ContinueServiceDeploymentRequest, options) => ecs.continueServiceDeployment(input, options),
    ),
    deregisterTaskDefinition: make(
      "DeregisterTaskDefinition",
      (input: Sdk.DeregisterTaskDefinitionRequest, options) => ecs.deregisterTaskDefinition(input, options),
    ),
    registerTaskDefinition: make(
      "RegisterTaskDefinition",
      (input: Sdk.RegisterTaskDefinitionRequest, options) => ecs.registerTaskDefinition(input, options),
    ),
    stopServiceDeployment: make("StopServiceDeployment", (input: Sdk.StopServiceDeploymentRequest, options) =>
      ecs.stopServiceDeployment(input, options),
    ),
    updateService: make("UpdateService", (input: Sdk.UpdateServiceRequest, options) =>
      ecs.updateService(input, options),
    ),
  };
}

function clientConfig({ region, api }: Api, { env }: Surroundings): Sdk.ECSClientConfig {
  const endpoint = api ?? env.AWS_ENDPOINT_URL_ECS;
  return {
    region,
    // One policy of asking again is enough, and it is ours.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
    streamCollector: collectBounded,
    ...(endpoint !== undefined && { endpoint }),
    ...credentialsIn(env),
  };
}

/** A surrounding that names keys means them, wherever the process's own environment came from. */
function credentialsIn(env: Surroundings["env"]): Pick<Sdk.ECSClientConfig, "credentials"> {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (accessKeyId === undefined || secretAccessKey === undefined) return {};
  return {
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  };
}
