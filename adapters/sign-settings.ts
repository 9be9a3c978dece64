import { z } from "zod";
import { secretSource } from "./secret-source.ts";

/** The key that kinds share whose platform lets anybody in, to be spread into each one's own. */
export const signShape = {
  sign: z
    .strictObject({ secret: secretSource })
    .meta({ id: "sign" })
    .optional()
    .describe(
      "signs each call with a secret that the backends know too (`tradewind backend --signed-calls`)",
    ),
};
