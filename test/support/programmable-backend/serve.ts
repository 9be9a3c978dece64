import { once } from "node:events";
import { openSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { seededRandom } from "../random.ts";
import { answerImage, countUntilClosed, refuse } from "./answer-image.ts";
import { type Behaviour, readBehaviour, wellBehaved } from "./behaviour.ts";
import { type Counters, forget, noneCounted } from "./counters.ts";
import { type Door, openDoor } from "./door.ts";
import { createServiceTimes } from "./service-time.ts";
import { asJson, description, type Wire } from "./wire.ts";

export type ServeOptions = {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** A port of the loopback, or the path of a Unix socket, which is reached from other network namespaces too. */
  readonly control: number | string;
  readonly seed: number;
  /** Where each image leaves a line: when it came, and of which trace it is. It outlives a crash. */
  readonly journal: string | undefined;
};

/** Its ports; the control's is the path where it was given one. */
export type Served = { readonly port: number; readonly control: number | string };

/** Serves every model, as its control door says. */
export async function serve(options: ServeOptions): Promise<Served> {
  const counters = noneCounted();
  const state: State = { behaviour: wellBehaved, counters, arrivals: 0 };
  const note = openJournal(options.journal);
  const serviceMs = createServiceTimes();
  const infer = async (request: IncomingMessage, response: ServerResponse, model: string): Promise<void> => {
    const { traceparent } = request.headers;
    const body = await buffer(request);
    note(typeof traceparent === "string" ? traceparent : "");
    countUntilClosed(response, counters);
    const random = seededRandom(options.seed * 1_000_003 + state.arrivals);
    state.arrivals += 1;
    const { behaviour } = state;
    const [isRefused, isFaulty] = [random.between(0, 1), random.between(0, 1)];
    const { capacity, refuses } = behaviour;
    if (refuses && isRefused < refuses.share) return refuse(response, refuses);
    if (capacity && counters.inFlight > capacity.most) return refuse(response, { status: 503, ...capacity });
    const nowMs = performance.now();
    const ms = serviceMs({ behaviour, inFlight: counters.inFlight, ageMs: nowMs, nowMs, random });
    const how = isFaulty < behaviour.answersShare ? behaviour.answers : "whole";
    const isBinary = body.subarray(0, 2_000).includes('"binary_data_output":true');
    const timer = setTimeout(answerImage, ms, request, response, { model, isBinary, how, behaviour });
    response.once("close", () => clearTimeout(timer));
  };
  const http = createServer((request, response) => {
    const model = modelOf(request);
    if (request.method === "POST") infer(request, response, model).catch(() => {});
    else answerQuestion(response, model, state);
  });
  const door = await openDoor(http, counters, options);
  const controls = createServer((request, response) => {
    control(request, state, door).then(
      (wire) => response.writeHead(200, wire.headers).end(wire.body),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  const { control: at } = options;
  await once(controls.listen(typeof at === "number" ? { port: at, host: "127.0.0.1" } : at), "listening");
  const address = controls.address();
  return { port: door.port, control: typeof address === "object" && address ? address.port : at };
}

type State = { behaviour: Behaviour; readonly counters: Counters; arrivals: number };

function openJournal(path: string | undefined): (traceparent: string) => void {
  if (path === undefined) return () => {};
  const file = openSync(path, "a");
  return (traceparent) => {
    const [, trace = ""] = traceparent.split("-");
    writeSync(file, `${performance.timeOrigin + performance.now()} ${trace}\n`);
  };
}

function modelOf({ url = "" }: IncomingMessage): string {
  const [, model = ""] = url.match(/^\/v2\/models\/([^/?]+)/) ?? [];
  return decodeURIComponent(model);
}

/** Of a model, or whether the server lives and is ready. */
function answerQuestion(response: ServerResponse, model: string, { behaviour, counters }: State): void {
  counters.questions += 1;
  if (behaviour.questionsToo && behaviour.answers !== "whole") return;
  if (behaviour.questionsToo && behaviour.refuses) {
    refuse(response, behaviour.refuses);
    return;
  }
  const wire =
    model === "" ? asJson({ name: "programmable", version: "1", extensions: [] }) : description(model);
  response.writeHead(200, wire.headers).end(wire.body);
}

/** `PUT /behaviour`, `GET /behaviour`, `GET /counters`, `DELETE /counters`. */
async function control(request: IncomingMessage, state: State, door: Door): Promise<Wire> {
  const asked = `${request.method} ${request.url}`;
  if (asked === "PUT /behaviour") {
    state.behaviour = readBehaviour(await text(request));
    await door.become(state.behaviour.connections);
  } else if (asked === "DELETE /counters") forget(state.counters);
  else if (asked !== "GET /counters" && asked !== "GET /behaviour") throw new Error(`no ${asked} here`);
  return asJson(asked.endsWith("/counters") ? state.counters : state.behaviour);
}
