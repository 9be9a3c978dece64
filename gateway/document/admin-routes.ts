import type { z } from "zod";
import type { ErrorCode } from "#infra/runtime/errors.ts";
import {
  auditAnswer,
  auditQuery,
  keyBody,
  keyListAnswer,
  keyParams,
  keyQuery,
  newKeyAnswer,
  rotationAnswer,
  rotationBody,
  tenantAnswer,
  tenantBody,
  tenantListAnswer,
  tenantParams,
  tenantQuery,
} from "../routes/admin/schemas.ts";
import { type AnswerWords, describeRoute, type RouteWords } from "./describe-route.ts";
import { bodyProblems } from "./problems.ts";

/** The administrators' rooms, below wherever they are mounted. */

type Words = Pick<
  RouteWords,
  "method" | "path" | "operationId" | "summary" | "description" | "params" | "query" | "body" | "answers"
> & { readonly problems?: readonly ErrorCode[] };

function describeAdmin({ problems = [], ...words }: Words) {
  return describeRoute({
    ...words,
    tag: "Administration",
    scope: "admin",
    problems: [...problems, "parameter_invalid"],
  });
}

const gone: AnswerWords = { description: "Done; there is nothing more to say" };

function answersJson(description: string, schema: z.ZodType): AnswerWords {
  return { description, content: { "application/json": { schema } } };
}

export const describedKeyCreation = describeAdmin({
  method: "post",
  path: "/keys",
  operationId: "createKey",
  summary: "Make a key",
  description: "The key's text is in this answer and nowhere else.",
  body: {
    required: true,
    content: { "application/json": { schema: keyBody, example: { name: "a camera at the gate" } } },
  },
  answers: { 201: answersJson("The new key", newKeyAnswer) },
  problems: [...bodyProblems, "record_unknown", "record_exists"],
});

export const describedKeyList = describeAdmin({
  method: "get",
  path: "/keys",
  operationId: "listKeys",
  summary: "List keys",
  description: "Page by page: the `next_cursor` of one is the `cursor` of the next, and null on the last.",
  query: keyQuery,
  answers: { 200: answersJson("A page of them", keyListAnswer) },
});

export const describedKeyRotation = describeAdmin({
  method: "post",
  path: "/keys/{id}/rotate",
  operationId: "rotateKey",
  summary: "Exchange a key for a new one",
  description: "Both work until the overlap is over: a day, unless the body says otherwise.",
  params: keyParams,
  body: {
    required: false,
    content: { "application/json": { schema: rotationBody, example: { overlap: "2h" } } },
  },
  answers: { 201: answersJson("The key that takes over", rotationAnswer) },
  problems: [...bodyProblems, "record_unknown", "record_exists"],
});

export const describedKeyRevocation = describeAdmin({
  method: "delete",
  path: "/keys/{id}",
  operationId: "revokeKey",
  summary: "Revoke a key",
  description: "It stops working everywhere within a second.",
  params: keyParams,
  answers: { 204: gone },
  problems: ["record_unknown"],
});

export const describedTenantList = describeAdmin({
  method: "get",
  path: "/tenants",
  operationId: "listTenants",
  summary: "List tenants",
  query: tenantQuery,
  answers: { 200: answersJson("A page of them", tenantListAnswer) },
});

export const describedTenant = describeAdmin({
  method: "get",
  path: "/tenants/{id}",
  operationId: "getTenant",
  summary: "One tenant and its bounds",
  params: tenantParams,
  answers: { 200: answersJson("The tenant", tenantAnswer) },
  problems: ["record_unknown"],
});

export const describedTenantPut = describeAdmin({
  method: "put",
  path: "/tenants/{id}",
  operationId: "putTenant",
  summary: "Make a tenant, or give it other bounds",
  description: "For operators alone. What is left out is as if it had never been said.",
  params: tenantParams,
  body: {
    required: true,
    content: {
      "application/json": { schema: tenantBody, example: { limits: [{ requests: 100, per: "1s" }] } },
    },
  },
  answers: {
    200: answersJson("The tenant as it is now", tenantAnswer),
    201: answersJson("The new tenant", tenantAnswer),
  },
  problems: [...bodyProblems, "record_exists"],
});

export const describedTenantDeletion = describeAdmin({
  method: "delete",
  path: "/tenants/{id}",
  operationId: "deleteTenant",
  summary: "Remove a tenant that has no live keys",
  params: tenantParams,
  answers: { 204: gone },
  problems: ["record_unknown", "record_exists"],
});

export const describedAudit = describeAdmin({
  method: "get",
  path: "/audit",
  operationId: "readAudit",
  summary: "What was changed and by whom, the newest first",
  query: auditQuery,
  answers: { 200: answersJson("A page of it", auditAnswer) },
});
