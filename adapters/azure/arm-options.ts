import { boundedAnswers } from "./bounded-answers.ts";
import { oneErrorForm } from "./one-error-form.ts";
import { stayAtHome } from "./stay-at-home.ts";

/** How its SDKs speak to Azure Resource Manager: they repeat nothing themselves, so that there is one policy. */
export function armOptions({ api }: { readonly api?: string | undefined }) {
  return {
    ...(api !== undefined && { endpoint: api.replace(/\/+$/, "") }),
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    additionalPolicies: [oneErrorForm, boundedAnswers, stayAtHome(api)].map((policy) => ({
      policy,
      position: "perCall" as const,
    })),
  };
}
