import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { CloudFake, World } from "../world.ts";
import { changes, register } from "./answer-changes.ts";
import { reads } from "./answer-reads.ts";
import { shapeProblems } from "./check-shape.ts";
import { signatureProblem } from "./check-signature.ts";
import { planFaults, refusalOf } from "./ecs-faults.ts";
import { EcsRefusal } from "./ecs-refusal.ts";
import { arnOf, beginDeployment, type FakeCluster, type FakeService, tellEvent } from "./ecs-state.ts";
import { runDeployment } from "./run-deployment.ts";
import { runTasks, stopTask, type TaskRunner } from "./run-tasks.ts";

export type FakeEcsOptions = {
  readonly world: World;
  /** What the service runs at first, by its digest. */
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly region?: string;
  readonly cluster?: string;
  readonly service?: string;
  readonly desiredCount?: number;
  /** Where its containers listen. */
  readonly port?: number;
  readonly networkMode?: "awsvpc" | "bridge";
  readonly checksHealth?: boolean;
  readonly hasLoadBalancer?: boolean;
  readonly controller?: FakeService["controller"];
  readonly scheduling?: FakeService["scheduling"];
  readonly machine?: string;
  readonly capacityProviders?: readonly string[];
  /** Tasks for which there are machines. */
  readonly capacity?: number;
  /** How long a minute of baking lasts. */
  readonly minuteMs?: number;
  /** How often it looks after its services. */
  readonly everyMs?: number;
};

export type FakeEcs = CloudFake & {
  readonly cluster: FakeCluster;
  readonly service: FakeService;
  /** From now on there are machines for so many tasks. */
  readonly setCapacity: (tasks: number) => void;
  /** A machine of Spot is taken away, with the oldest task on it. */
  readonly interruptSpot: () => void;
};

const signer = { accessKeyId: "AKIAFAKE", secretAccessKey: "hidden-word-of-aws" };
const target = "AmazonEC2ContainerServiceV20141113.";

/** One cluster with one service, as much of ECS as looks after them, and the API before it. */
export async function startFakeEcs(options: FakeEcsOptions): Promise<FakeEcs> {
  const { region = "eu-west-1", port = 8_000, minuteMs = 20, everyMs = 5 } = options;
  const cluster = createCluster(options, region);
  const service = createService(cluster, options);
  const faults = planFaults();
  const calls: { readonly action: string; readonly request: unknown }[] = [];
  const problems: string[] = [];
  let isLost = false;
  let capacity = options.capacity ?? Number.POSITIVE_INFINITY;
  const alive = () => service.tasks.filter(({ lastStatus }) => lastStatus !== "STOPPED");
  const room = (): number => capacity - alive().length;
  const runner: TaskRunner = { world: options.world, cluster, nextHost: hosts(), port, room };
  const look = (): void => {
    if (isLost) return;
    runDeployment(service, { minuteMs });
    runTasks(runner, service);
  };
  const looking = setInterval(look, everyMs);
  look();
  const api: Api = { cluster, region, faults, calls, problems, isLost: () => isLost };
  const server = createServer((request, response) => void serve(api, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> => stopServing(server, looking);
  return {
    url,
    env: environment(url, region),
    cluster,
    service,
    calls: () => calls,
    problems: () => problems,
    fail: faults.plan,
    setCapacity: (tasks) => {
      capacity = tasks;
    },
    interruptSpot: () => {
      const [oldest] = alive();
      if (oldest) stopTask(oldest, "SpotInterruption", "Your Spot Task was interrupted.");
    },
    lose: () => {
      isLost = true;
      for (const task of alive()) stopTask(task, "TerminationNotice", "Host EC2 (instance i-0) terminated.");
      server.closeAllConnections();
    },
    restore: () => {
      isLost = false;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createCluster(
  { cluster = "vision", capacityProviders = [], machine = "g6.xlarge" }: FakeEcsOptions,
  region: string,
): FakeCluster {
  const arn = arnOf(region, "cluster", cluster);
  return { region, name: cluster, arn, capacityProviders, machine, definitions: [], services: [] };
}

function createService(cluster: FakeCluster, options: FakeEcsOptions): FakeService {
  const { service: name = "detect", desiredCount = 1, hasLoadBalancer = false } = options;
  const { image, env = {}, port = 8_000, networkMode = "awsvpc", checksHealth = true } = options;
  const definition = register(cluster, {
    family: name,
    networkMode,
    requiresCompatibilities: ["EC2"],
    executionRoleArn: "arn:aws:iam::123456789012:role/execution",
    containerDefinitions: [
      {
        name: "backend",
        image,
        essential: true,
        memory: 4_096,
        environment: Object.entries(env).map(([key, value]) => ({ name: key, value })),
        portMappings: [{ containerPort: port, protocol: "tcp" }],
        resourceRequirements: [{ type: "GPU", value: "1" }],
        ...(checksHealth && { healthCheck: { command: ["CMD", "/check"], interval: 5 } }),
      },
    ],
    tags: [{ key: "team", value: "vision" }],
  });
  const service: FakeService = {
    name,
    arn: arnOf(cluster.region, "service", `${cluster.name}/${name}`),
    createdAt: Date.now(),
    hasLoadBalancer,
    controller: options.controller ?? "ECS",
    scheduling: options.scheduling ?? "REPLICA",
    isDeleted: false,
    isListedLate: false,
    desiredCount,
    definition,
    configuration: { strategy: "ROLLING" },
    capacityProviderStrategy: [],
    revisions: [],
    deployments: [],
    tasks: [],
    events: [],
  };
  cluster.services.push(service);
  beginDeployment(cluster, service, definition);
  const [first] = service.deployments;
  if (first?.target.weight !== undefined) first.target.weight = 100;
  tellEvent(service, "has begun.");
  return service;
}

/** A network of its own on the loopback, so that fakes beside each other do not meet. */
function hosts(): () => string {
  const [second, third] = [randomInt(16, 250), randomInt(0, 200)];
  let count = 0;
  return () => {
    count += 1;
    return `127.${second}.${third + Math.floor(count / 250)}.${1 + (count % 250)}`;
  };
}

function environment(url: string, region: string): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: signer.accessKeyId,
    AWS_SECRET_ACCESS_KEY: signer.secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_ECS: url,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

type Api = {
  readonly cluster: FakeCluster;
  readonly region: string;
  readonly faults: ReturnType<typeof planFaults>;
  readonly calls: { readonly action: string; readonly request: unknown }[];
  readonly problems: string[];
  readonly isLost: () => boolean;
};

async function serve(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (api.isLost()) {
    request.socket.destroy();
    return;
  }
  const pieces: Buffer[] = [];
  try {
    for await (const piece of request) pieces.push(piece as Buffer);
  } catch {
    return;
  }
  const operation = String(request.headers["x-amz-target"]).replace(target, "");
  const fault = api.faults.next(`ecs:${operation}`);
  if (typeof fault === "object") await sleepOrLeave(fault.slowMs, response);
  try {
    const answer = answerTo(api, operation, { request, body: Buffer.concat(pieces) });
    const refused = typeof fault === "string" ? refusalOf(fault, `ecs:${operation}`) : undefined;
    if (refused) throw refused;
    send(response, 200, answer(), fault === "truncated");
  } catch (error) {
    const { type, status, message } = error instanceof EcsRefusal ? error : unexpected(api, error);
    send(response, status, { __type: type, message }, false);
  }
}

type Heard = { readonly request: IncomingMessage; readonly body: Buffer };

/** Checks everything about a call and gives what carries it out; a fault may come in between. */
function answerTo(api: Api, operation: string, { request, body }: Heard): () => object {
  const { method = "", url: path = "", headers } = request;
  const bad = (type: string, problem: string): EcsRefusal => {
    api.problems.push(`${operation}: ${problem}`);
    return new EcsRefusal(type, problem);
  };
  if (method !== "POST" || path !== "/") throw bad("UnknownOperationException", `${method} ${path}`);
  if (headers["content-type"] !== "application/x-amz-json-1.1")
    throw bad("SerializationException", `content-type ${headers["content-type"]}`);
  const unsigned = signatureProblem(
    { method, path, headers, body },
    { ...signer, region: api.region },
    Date.now(),
  );
  if (unsigned !== undefined) throw bad("InvalidSignatureException", unsigned);
  const handler = Reflect.get({ ...reads, ...changes }, operation) as
    | ((cluster: FakeCluster, input: unknown) => object)
    | undefined;
  if (!handler) throw bad("UnknownOperationException", "no such operation");
  const input: unknown = JSON.parse(body.toString("utf8"));
  const wrong = shapeProblems(operation, "request", input);
  if (wrong.length > 0) throw bad("SerializationException", wrong.join("; "));
  api.calls.push({ action: `ecs:${operation}`, request: input });
  return () => {
    const answer: object = JSON.parse(JSON.stringify(handler(api.cluster, input)));
    api.problems.push(...shapeProblems(operation, "answer", answer).map((one) => `the fake's own ${one}`));
    return answer;
  };
}

function unexpected({ problems }: Api, error: unknown): { type: string; status: number; message: string } {
  problems.push(`the fake failed: ${error instanceof Error ? error.stack : String(error)}`);
  return { type: "ServerException", status: 500, message: "the fake failed" };
}

function send(response: ServerResponse, status: number, answer: object, isCut: boolean): void {
  const body = Buffer.from(JSON.stringify(answer));
  response.writeHead(status, {
    "content-type": "application/x-amz-json-1.1",
    "content-length": body.length,
    "x-amzn-requestid": "00000000-0000-0000-0000-000000000000",
  });
  if (isCut) response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
  else response.end(body);
}

function sleepOrLeave(ms: number, response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  response.once("close", () => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}

async function stopServing(server: Server, looking: NodeJS.Timeout): Promise<void> {
  clearInterval(looking);
  if (!server.listening) return;
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
