import { z } from "zod";
import { Problem } from "#inference/image-api/answer-schema.ts";
import { headerComponents } from "./headers.ts";
import { writeSchema } from "./json-schema.ts";

/** The chapters of the document. */
export const tags = {
  Images: "Send images, get what is in them.",
  Account: "What is here for a key, and what it used.",
  "Open Inference Protocol":
    'The same models for clients of Triton and KServe, in that protocol\'s own words: its answers are the backend\'s, its errors `{"error": "..."}`.',
  Administration:
    "Keys, tenants, the configuration and the record of who changed them, which need records in PostgreSQL; and the ledger of what requests cost and why each went where it went.",
  Devices:
    "What agents at the edge ask, each call with a proof by the device's key: enrolment, the signed repository, what to run.",
  Operation: "For whoever runs the gateway.",
  Documents: "This API, for programs and for people.",
  Refused:
    "What the protocol has for whoever runs a server, and not for who calls one; it is known here, and refused.",
} as const;

export type Tag = keyof typeof tags;

const ProtocolError = z
  .object({ error: z.string() })
  .meta({ description: "why there is no answer, as the protocol has it" });

/** The document's head. */
export const about = {
  openapi: "3.1.0",
  info: {
    title: "Tradewind",
    version: "1",
    description:
      "One HTTP door in front of servers that find things in images. Whatever goes wrong is answered with problem details (RFC 9457) whose `code` never changes its meaning; `retryable` says whether the same request may be sent again. A path that is not told of here is `route_unknown`, another verb at one that is `method_not_allowed`.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  servers: [{ url: "/" }],
  tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
};

/** What operations refer to by name, whichever of them are there. */
export function commonComponents(): CommonComponents {
  return {
    schemas: {
      Problem: namedSchema(Problem, "Problem"),
      ProtocolError: writeSchema(ProtocolError, "output").schema,
    },
    headers: headerComponents(),
    securitySchemes: {
      key: {
        type: "http",
        scheme: "bearer",
        description:
          "A key, as `Authorization: Bearer tw_...`. At an address that stands for one tenant none is needed.",
      },
      apiKey: {
        type: "apiKey",
        in: "header",
        name: "X-Api-Key",
        description: "The same key, as `X-Api-Key: tw_...`.",
      },
      token: {
        type: "http",
        scheme: "bearer",
        bearerFormat: "JWT",
        description: "A token of an issuer that the gateway trusts, where any is configured.",
      },
    },
  };
}

type CommonComponents = Readonly<
  Record<"schemas" | "headers" | "securitySchemes", Readonly<Record<string, object>>>
>;

function namedSchema(type: z.ZodType, name: string): object {
  const { schema, named } = writeSchema(type, "output");
  return named[name] ?? schema;
}
