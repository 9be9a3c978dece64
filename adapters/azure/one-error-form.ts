import type { ArmPolicy } from "./arm-policy.ts";

/**
 * Some of Azure's services put code and message of an error at the top of their answer and in capitals, where the SDKs do
 * not look, so that what they throw says nothing but a status.
 */
export const oneErrorForm: ArmPolicy = {
  name: "oneErrorForm",
  sendRequest: async (request, next) => {
    const response = await next(request);
    if (response.status < 400) return response;
    const error = capitalised(response.bodyAsText ?? "");
    return error ? { ...response, bodyAsText: JSON.stringify({ error }) } : response;
  },
};

function capitalised(text: string): { readonly code: string; readonly message: string } | undefined {
  const body = parsed(text);
  if (typeof body !== "object" || body === null || !("Code" in body) || !("Message" in body))
    return undefined;
  return { code: String(body.Code).slice(0, 200), message: String(body.Message).slice(0, 2_000) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
