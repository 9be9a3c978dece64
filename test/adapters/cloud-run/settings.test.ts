import { expect, test } from "vitest";
import { capabilitiesOf } from "#adapters/cloud-run/billing.ts";
import { settings } from "#adapters/cloud-run/settings.ts";

const least = {
  kind: "cloud-run",
  project: "team-vision",
  region: "europe-west4",
  service: "digits",
  usdPerHour: 1.05,
};

function problemsOf(keys: Readonly<Record<string, unknown>>): readonly string[] {
  const { error } = settings.safeParse({ ...least, ...keys });
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("a Cloud Run provider needs no more than a project, a region, a service and a price", () => {
  expect(settings.parse(least)).toMatchObject({
    gpu: "none",
    zonalRedundancy: false,
    auth: "id-token",
    transport: "grpc",
    revision: "stable",
  });
  expect(problemsOf({})).toEqual([]);
});

test.each([
  ["a project of somebody else's path", { project: "team/../other" }, "project: expected the id"],
  ["a region that is a path", { region: "europe-west4/services" }, "region: expected a region"],
  ["several regions", { region: "europe-west4,us-east4" }, "region: expected a region"],
  ["a service whose name is too long", { service: "d".repeat(50) }, "service: expected the name"],
  ["a service in capitals", { service: "Digits" }, "service: expected the name"],
  ["a GPU that Cloud Run has not", { gpu: "nvidia-h100" }, "gpu: "],
  ["an L4 beside two vCPU", { gpu: "nvidia-l4", cpu: 2 }, "cpu: nvidia-l4 needs at least 4"],
  ["an L4 beside 8 GiB", { gpu: "nvidia-l4", memory: "8Gi" }, "memory: nvidia-l4 needs at least 16Gi"],
  ["an L4 beside 8192 MiB", { gpu: "nvidia-l4", memory: "8192Mi" }, "memory: nvidia-l4 needs at least 16Gi"],
  [
    "the larger GPU beside what is enough for an L4",
    { gpu: "nvidia-rtx-pro-6000", cpu: 4 },
    "needs at least 20",
  ],
  ["memory without a unit", { memory: "16" }, "memory: expected a size"],
  [
    "a GPU that is paid for by the request",
    { gpu: "nvidia-l4", billing: "request" },
    "billing: an instance with a GPU",
  ],
  [
    "a GPU with a price for requests",
    { gpu: "nvidia-l4", usdPerHour: undefined, price: "gcp/cloud-run/cpu-4x16/request" },
    "billing: an instance with a GPU",
  ],
  [
    "a GPU that costs by the image",
    { gpu: "nvidia-l4", usdPerRequest: 0.001 },
    "billing: an instance with a GPU",
  ],
  ["a second zone for no GPU", { zonalRedundancy: true }, "zonalRedundancy: is about GPUs"],
  ["an API in the clear", { api: "http://run.internal" }, "api: expected an https address"],
  ["an API with a path", { api: "https://run.internal/v2" }, "api: expected an https address"],
  ["an API that is none", { api: "run" }, "api: expected an https address"],
  ["an audience with a query in it", { audience: "https://digits.a.run.app/?a=b&c" }, "audience: expected"],
  ["another transport", { transport: "http" }, "transport: "],
  ["a key that nobody knows", { regions: ["europe-west4"] }, "Unrecognized key"],
])("a Cloud Run provider is refused with %s", (_, keys, problem) => {
  expect(problemsOf(keys)).toEqual([expect.stringContaining(problem)]);
});

test("a Cloud Run provider says all of its problems at once", () => {
  expect(problemsOf({ region: 4, gpu: "nvidia-l4", cpu: 1, memory: "1Gi", billing: "request" })).toHaveLength(
    4,
  );
});

test.each([
  { gpu: "nvidia-l4", cpu: 8, memory: "32Gi", zonalRedundancy: true },
  { gpu: "nvidia-l4", memory: "16384Mi" },
  { gpu: "nvidia-rtx-pro-6000", cpu: 20, memory: "80Gi" },
  { api: "http://127.0.0.1:8080", transport: "rest" },
  { api: "https://run-private.p.googleapis.com", audience: "digits" },
  { usdPerHour: undefined, price: "gcp/cloud-run/cpu-4x16/request" },
])("a Cloud Run provider may have %o", (keys) => {
  expect(problemsOf(keys)).toEqual([]);
});

test("a service without a GPU says which key would declare one", () => {
  expect(capabilitiesOf(settings.parse(least)).gpuLack).toContain("gpu: nvidia-l4");
  const withOne = settings.parse({ ...least, gpu: "nvidia-l4" });
  expect(capabilitiesOf(withOne)).toMatchObject({
    gpuLack: undefined,
    scale: "bounds",
    zero: true,
    shift: true,
    domain: "gcp/europe-west4",
    promoteMs: 0,
  });
});
