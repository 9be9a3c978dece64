import type { z } from "zod";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import {
  deviceAnswer,
  deviceParams,
  enrolmentAnswer,
  enrolmentBody,
  labelBody,
} from "../routes/admin/identity-schemas.ts";
import { type AnswerWords, describeRoute, type RouteWords } from "./describe-route.ts";
import { bodyProblems } from "./problems.ts";

/** Who devices are, for operators. */

type Words = Omit<RouteWords, "tag" | "scope">;

function describeIdentity({ problems = [], ...words }: Words) {
  const own: readonly ErrorCode[] = [...problems, "parameter_invalid"];
  return describeRoute({ ...words, tag: "Administration", scope: "admin", problems: own });
}

function answersJson(description: string, schema: z.ZodType): AnswerWords {
  return { description, content: { "application/json": { schema } } };
}

const done: AnswerWords = { description: "Done; there is nothing more to say" };

export const describedEnrolmentCreation = describeIdentity({
  method: "post",
  path: "/enrolments",
  operationId: "createEnrolment",
  summary: "Make a token with which one device may enrol",
  description: "The token is in this answer and nowhere else.",
  body: {
    required: true,
    content: {
      "application/json": { schema: enrolmentBody, example: { label: "dock-3", models: ["digits-n"] } },
    },
  },
  answers: { 201: answersJson("The new token", enrolmentAnswer) },
  problems: [...bodyProblems, "record_exists"],
});

export const describedDevice = describeIdentity({
  method: "get",
  path: "/devices/{id}",
  operationId: "getDevice",
  summary: "One device and its keys",
  params: deviceParams,
  answers: { 200: answersJson("The device", deviceAnswer) },
  problems: ["record_unknown"],
});

export const describedDeviceRevocation = describeIdentity({
  method: "delete",
  path: "/devices/{id}",
  operationId: "revokeDevice",
  summary: "Refuse a device for good",
  description: "From its next call on, everywhere. It goes on answering with what it has.",
  params: deviceParams,
  answers: { 204: done },
  problems: ["record_unknown"],
});

export const describedDeviceRelease = describeIdentity({
  method: "post",
  path: "/devices/{id}/release",
  operationId: "releaseDevice",
  summary: "Let a device in again that was set aside",
  description: "Once the copy of its key is gone: where both go on, it is soon set aside again.",
  params: deviceParams,
  answers: { 204: done },
  problems: ["record_unknown"],
});

export const describedDeviceLabel = describeIdentity({
  method: "put",
  path: "/devices/{id}/label",
  operationId: "labelDevice",
  summary: "Give a device the word that rings know it by",
  params: deviceParams,
  body: {
    required: true,
    content: { "application/json": { schema: labelBody, example: { label: "canary" } } },
  },
  answers: { 204: done },
  problems: [...bodyProblems, "record_unknown"],
});
