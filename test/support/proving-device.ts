import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { systemChance } from "#infra/runtime/chance.ts";
import {
  deviceKeyOf,
  newProofHeader,
  nonceHeader,
  proofHeader,
  proofId,
  signProof,
} from "#infra/runtime/devices/proof.ts";
import { enrolAnswer } from "#infra/runtime/devices/words.ts";

/** How a call reaches a gateway: over a socket, or as a function. */
export type Send = (path: string, init: RequestInit) => Promise<Response> | Response;

export type DeviceReply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
};

export type DeviceCall = {
  readonly method?: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What a test changes of a proof. */
export type Twist = {
  readonly number?: number;
  readonly id?: string;
  readonly nonce?: string | undefined;
  readonly nowMs?: number;
  readonly key?: KeyObject;
  readonly device?: string | undefined;
};

/**
 * A device as the gateway sees one: a key of its own, and a number that grows. No agent: what an agent does with
 * refusals, a test does.
 */
export class ProvingDevice {
  key = generateKeyPairSync("ed25519").privateKey;
  device: string | undefined;
  number = 0;
  readonly send: Send;
  readonly now: () => number;

  constructor(send: Send, now: () => number = Date.now) {
    this.send = send;
    this.now = now;
  }

  /** Another one with the same key, which counts on from the same number. */
  copy(): ProvingDevice {
    return Object.assign(new ProvingDevice(this.send, this.now), {
      key: this.key,
      device: this.device,
      number: this.number,
    });
  }

  async enrol(
    token: string,
    { hardware = "camera-1", ...twist }: Twist & { readonly hardware?: unknown } = {},
  ): Promise<DeviceReply> {
    const body = { token, key: deviceKeyOf(this.key), hardware, agent: "test/1.0.0" };
    const reply = await this.call({ method: "POST", path: "/edge/v1/enrol", body }, twist);
    if (reply.status === 201) this.device = enrolAnswer.parse(reply.body).device;
    return reply;
  }

  /** With the nonce of a refusal, as an agent comes again. */
  async callTwice(call: DeviceCall, twist: Twist = {}): Promise<DeviceReply> {
    const first = await this.call(call, twist);
    const nonce = first.headers.get(nonceHeader);
    return first.status === 401 && nonce ? await this.call(call, { ...twist, nonce }) : first;
  }

  async call(call: DeviceCall, twist: Twist = {}): Promise<DeviceReply> {
    return await this.repeat(await this.sign(call, twist));
  }

  /** Exchanges the key; what the gateway answers is not yet believed. */
  async rotate(next: KeyObject = generateKeyPairSync("ed25519").privateKey): Promise<DeviceReply> {
    const call = { method: "POST", path: "/edge/v1/keys", body: { key: deviceKeyOf(next) } };
    const [id, number] = [proofId(systemChance), ++this.number];
    const byNew = (await this.sign(call, { id, number, key: next })).init.headers[proofHeader] ?? "";
    const signed = await this.sign({ ...call, headers: { [newProofHeader]: byNew } }, { id, number });
    const reply = await this.repeat(signed);
    if (reply.status === 200) this.key = next;
    return reply;
  }

  /** A call with its proof, to be sent once or more often. */
  async sign({ method = "GET", path, body, headers = {} }: DeviceCall, twist: Twist = {}) {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const { key = this.key, number = ++this.number, nowMs = this.now(), ...rest } = twist;
    const by = { key, number, device: this.device, now: nowMs, chance: systemChance, ...rest };
    const proof = await signProof({ method, path, body: bytes }, by);
    const all: Record<string, string> = { ...headers, [proofHeader]: proof };
    return { path, init: { method, headers: all, ...(bytes && { body: bytes }) } };
  }

  async repeat({ path, init }: Awaited<ReturnType<ProvingDevice["sign"]>>): Promise<DeviceReply> {
    const response = await this.send(path, init);
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  }
}
