import { z } from "zod";
import { Config } from "../config.ts";

/** What may be written in a `tradewind.yaml`, for editors that complete and check it. */
export function configJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(Config, { io: "input", target: "draft-2020-12" });
  return {
    $schema,
    title: "tradewind.yaml",
    description: "The configuration of Tradewind's gateway",
    ...schema,
  };
}
