import { z } from "zod";
import { Secret } from "../secret.ts";

/** Text that no message, log or JSON will ever show. */
export const secretText = z
  .string()
  .min(1)
  .transform((text) => new Secret(text));
