export type ContainerFacts = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Is there a file of this path? */
  readonly exists: (path: string) => boolean;
};

/** Variables that a platform sets in every container it starts. */
const variables = [
  "KUBERNETES_SERVICE_HOST",
  "ECS_CONTAINER_METADATA_URI_V4",
  "ECS_CONTAINER_METADATA_URI",
  "K_SERVICE",
  "CONTAINER_APP_NAME",
  "WEBSITE_SITE_NAME",
];

/** Files that a container engine leaves in every container it starts. */
const files = ["/.dockerenv", "/run/.containerenv"];

/** In a container only its own network reaches the process, so it may listen on every address of it. */
export function inContainer({ env, exists }: ContainerFacts): boolean {
  return variables.some((name) => (env[name] ?? "") !== "") || files.some(exists);
}
