import type { z } from "zod";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import {
  deviceListAnswer,
  deviceQuery,
  deviceSumAnswer,
  pinBody,
  pinParams,
  rolloutAnswer,
  rolloutBody,
  rolloutListAnswer,
  rolloutQuery,
  turnParams,
} from "../routes/admin/device-schemas.ts";
import { type AnswerWords, describeRoute, type RouteWords } from "./describe-route.ts";
import { bodyProblems } from "./problems.ts";

/** What operators see and do of devices at the edge. */

type Words = Omit<RouteWords, "tag" | "scope">;

function describeDevices({ problems = [], ...words }: Words) {
  const own: readonly ErrorCode[] = [...problems, "parameter_invalid", "database_unavailable"];
  return describeRoute({ ...words, tag: "Administration", scope: "admin", problems: own });
}

function answersJson(description: string, schema: z.ZodType): AnswerWords {
  return { description, content: { "application/json": { schema } } };
}

const done: AnswerWords = { description: "Done; there is nothing more to say" };

export const describedDeviceList = describeDevices({
  method: "get",
  path: "/devices",
  operationId: "listDevices",
  summary: "Devices, what they are to run and what they run",
  description: "Page by page: the `next_cursor` of one is the `cursor` of the next, and null on the last.",
  query: deviceQuery,
  answers: { 200: answersJson("A page of them", deviceListAnswer) },
});

export const describedDeviceSums = describeDevices({
  method: "get",
  path: "/device-models",
  operationId: "sumDevices",
  summary: "How each model stands on all devices together",
  answers: { 200: answersJson("Each model", deviceSumAnswer) },
});

export const describedPin = describeDevices({
  method: "put",
  path: "/devices/{id}/pins/{model}",
  operationId: "pinDevice",
  summary: "Have a device stay at a release whatever is rolled out",
  params: pinParams,
  body: { required: true, content: { "application/json": { schema: pinBody, example: { release: 7 } } } },
  answers: { 204: done },
  problems: [...bodyProblems, "record_unknown"],
});

export const describedUnpin = describeDevices({
  method: "delete",
  path: "/devices/{id}/pins/{model}",
  operationId: "unpinDevice",
  summary: "Let a device go along with rollouts again",
  params: pinParams,
  answers: { 204: done },
  problems: ["record_unknown"],
});

export const describedRolloutList = describeDevices({
  method: "get",
  path: "/device-rollouts",
  operationId: "listDeviceRollouts",
  summary: "Releases on their way to devices: the latest of each model",
  query: rolloutQuery,
  answers: { 200: answersJson("Rollouts, of each model the latest first", rolloutListAnswer) },
});

export const describedRolloutStart = describeDevices({
  method: "post",
  path: "/device-rollouts",
  operationId: "startDeviceRollout",
  summary: "Send a release to devices, ring by ring",
  description:
    "It goes on by itself while each ring holds, and stops by itself where one does not; devices that took it then go back. One of the same model that is under way is superseded.",
  body: {
    required: true,
    content: {
      "application/json": {
        schema: rolloutBody,
        example: {
          model: "digits-n",
          release: 7,
          rings: [{ devices: "canary" }, { share: 0.1 }, { share: 1 }],
        },
      },
    },
  },
  answers: { 201: answersJson("The new rollout", rolloutAnswer) },
  problems: [...bodyProblems, "record_exists", "version_unknown"],
});

export const describedRolloutTurn = describeDevices({
  method: "post",
  path: "/device-rollouts/{model}/{turn}",
  operationId: "turnDeviceRollout",
  summary: "Pause, resume, stop or roll back the latest rollout of a model",
  params: turnParams,
  answers: { 200: answersJson("The rollout as it is now", rolloutAnswer) },
  problems: ["record_unknown"],
});
