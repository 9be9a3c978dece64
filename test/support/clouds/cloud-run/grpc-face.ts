import {
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { ServiceDefinition } from "@grpc/proto-loader";
import type { Certificate } from "#test/support/certificate.ts";
import { type ApiOptions, answerCall, type Method } from "./api-calls.ts";
import { definition, type Message } from "./contract.ts";
import { Refusal, statusBytes } from "./refusals.ts";
import type { Face } from "./rest-face.ts";

/** The API over gRPC, by the package's own protos; encrypted where it is given a certificate for localhost. */
export async function startGrpcFace(options: ApiOptions, certificate?: Certificate): Promise<Face> {
  const server = new Server();
  const offer = (service: string, names: readonly Method[]): void => {
    const methods = definition[service] as ServiceDefinition;
    const offered = names.map((name) => [name, tearable(methods[name])] as const);
    const handlers = names.map((name) => [name, handler(options, name)] as const);
    server.addService(Object.fromEntries(offered), Object.fromEntries(handlers));
  };
  offer("google.cloud.run.v2.Services", ["GetService", "ListServices", "UpdateService"]);
  offer("google.cloud.run.v2.Revisions", ["GetRevision"]);
  offer("google.longrunning.Operations", ["GetOperation"]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentialsOf(certificate), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    url: certificate ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    close: async () => server.forceShutdown(),
  };
}

function credentialsOf(certificate: Certificate | undefined): ServerCredentials {
  if (!certificate) return ServerCredentials.createInsecure();
  const pair = { private_key: Buffer.from(certificate.key), cert_chain: Buffer.from(certificate.cert) };
  return ServerCredentials.createSsl(null, [pair]);
}

type Sent = Message | typeof torn;

/** Bytes that are no message. */
const torn = Symbol("torn");
const tornBytes = Buffer.from([0x0a, 0xff, 0xff]);

function tearable(method: ServiceDefinition[string] | undefined): MethodDefinition<object, Sent> {
  if (!method) throw new Error("the contract has no such method");
  return {
    ...method,
    responseSerialize: (value: Sent) => (value === torn ? tornBytes : method.responseSerialize(value)),
  } as MethodDefinition<object, Sent>;
}

function handler(options: ApiOptions, method: Method) {
  return (call: ServerUnaryCall<Message, Sent>, callback: sendUnaryData<Sent>): void => {
    const told = (name: string): string | undefined => call.metadata.get(name)[0]?.toString();
    answerCall(options, {
      method,
      request: call.request,
      authorization: told("authorization"),
      routing: told("x-goog-request-params"),
    }).then(
      ({ message, isTruncated }) => callback(null, isTruncated ? torn : message),
      (error: unknown) => callback(asStatus(error, options)),
    );
  };
}

function asStatus(
  error: unknown,
  { complain }: ApiOptions,
): { code: number; details: string; metadata: Metadata } {
  const metadata = new Metadata();
  if (!(error instanceof Refusal)) {
    complain(`the fake failed: ${String(error)}`);
    return { code: 13, details: String(error), metadata };
  }
  metadata.set("grpc-status-details-bin", statusBytes(error));
  return { code: error.code, details: error.message, metadata };
}
