import type { Permissions } from "../permissions.ts";

/**
 * `ecs:TagResource` is asked for by the tags of a task definition, and `iam:PassRole`, for the roles that the task
 * definition names, wherever it names any.
 */
export const permissions: Permissions = {
  gateway: [
    "ecs:DescribeServiceDeployments",
    "ecs:DescribeServiceRevisions",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:DescribeTasks",
    "ecs:ListTasks",
  ],
  fleet: [
    "ecs:ContinueServiceDeployment",
    "ecs:DeregisterTaskDefinition",
    "ecs:ListServiceDeployments",
    "ecs:ListTaskDefinitions",
    "ecs:RegisterTaskDefinition",
    "ecs:StopServiceDeployment",
    "ecs:TagResource",
    "ecs:UpdateService",
    "iam:PassRole",
  ],
};
