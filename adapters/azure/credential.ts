import type { TokenCredential } from "@azure/identity";

/** Whoever this process is to Azure: a managed identity, a federated one, a variable's, or the person's who is signed in. */
export async function azureCredential(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new DefaultAzureCredential();
}
