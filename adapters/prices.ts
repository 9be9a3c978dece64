import type { BillingKind } from "./terms.ts";

/** One entry of the price book. What nobody could be found to say has a name and no price: it is never made up. */
export type Price = {
  readonly name: string;
  readonly unit: "hour" | "second" | "GB";
  readonly usd: number | undefined;
  /** On top of the time, where each request costs something too. */
  readonly usdPerRequest?: number;
  /** How this is paid for, where there is but one way. */
  readonly billing?: BillingKind;
  readonly source: string;
  /** The day of which the source tells, or, where it names none, on which it was read: `2026-08-01`. */
  readonly asOf: string;
  readonly confidence: "high" | "medium-high" | "medium" | "none";
};

/** Of this book: the day on which its entries were last compared with their sources. */
export const version = "2026-11-21";

/** Where a source names a month or a year, its first day, so that no price looks younger than it is. */
const days = {
  catalog: version,
  skus: "2026-08-01",
  runRequests: "2025-01-01",
  egress: "2026-01-01",
  soughtInVain: version,
};

/**
 * Amazon EC2, in dollars an hour: on demand, and the least and the most that a spot instance cost in the region's zones.
 * From the SkyPilot catalog, github.com/skypilot-org/skypilot-catalog, catalogs/v9/aws/vms.csv at commit
 * 2c3d7ea7d76bf84cf80d382e946c1609571485fd.
 */
const ec2: readonly (readonly [
  type: string,
  region: string,
  usd: number,
  spotFrom: number,
  spotTo: number,
])[] = [
  ["g4dn.xlarge", "us-east-1", 0.526, 0.2132, 0.216],
  ["g4dn.xlarge", "us-east-2", 0.526, 0.1425, 0.1494],
  ["g4dn.xlarge", "us-west-2", 0.526, 0.2147, 0.2279],
  ["g4dn.xlarge", "eu-west-1", 0.587, 0.2602, 0.3066],
  ["g4dn.xlarge", "eu-central-1", 0.658, 0.2347, 0.2603],
  ["g4dn.xlarge", "eu-north-1", 0.558, 0.1881, 0.1959],
  ["g4dn.xlarge", "ap-south-1", 0.579, 0.2701, 0.2877],
  ["g4dn.xlarge", "ap-southeast-1", 0.736, 0.3345, 0.3622],
  ["g6.xlarge", "ap-northeast-1", 1.1672, 0.529, 0.5424],
  ["g6.xlarge", "ap-northeast-2", 0.9896, 0.2941, 0.3148],
  ["g6.xlarge", "ap-south-1", 0.9664, 0.5107, 0.5607],
  ["g6.xlarge", "eu-central-1", 1.0064, 0.3808, 0.4219],
  ["g6.xlarge", "eu-north-1", 0.8536, 0.3183, 0.3411],
  ["g6.xlarge", "eu-south-2", 0.848, 0.1581, 0.1987],
  ["g6.xlarge", "ca-central-1", 0.8936, 0.4223, 0.6112],
  ["g6.8xlarge", "us-east-1", 2.0144, 0.8316, 1.1297],
  ["g6.8xlarge", "us-west-2", 2.0144, 0.8223, 1.0905],
  ["g5.12xlarge", "ap-south-1", 6.81091, 3.6375, 3.6375],
  ["g7e.2xlarge", "us-east-1", 3.36312, 1.0033, 1.0284],
  ["g7e.2xlarge", "us-west-2", 3.36312, 0.9582, 1.8291],
  ["g7e.2xlarge", "eu-south-2", 3.54384, 0.4593, 0.5456],
];

/**
 * Google Cloud Run in us-central1, in dollars: by the second for each L4, vCPU and GiB, and for each request. Instances
 * from a dump of the Cloud Billing API's SKUs (August 2026) and cloud.google.com/run/pricing; requests from
 * cloudchipr.com/blog/cloud-run-pricing (2025).
 */
const run = {
  l4: 0.000_186_7,
  l4Redundant: 0.000_290_9,
  standing: { vcpu: 0.000_018, gib: 0.000_002 },
  working: { vcpu: 0.000_024, gib: 0.000_002_5 },
  request: 0.000_000_4,
};

/** The smallest instance that may have a GPU. */
const besideL4 = 4 * run.standing.vcpu + 16 * run.standing.gib;

/** vCPU and GiB. */
const runSizes: readonly (readonly [vcpu: number, gib: number])[] = [
  [1, 2],
  [2, 4],
  [4, 8],
  [4, 16],
  [8, 16],
  [8, 32],
];

const egressPage = "cloudtoolstack.com/blog/cloud-egress-cost-optimization (early 2026)";

export const prices: readonly Price[] = [
  ...ec2.flatMap(([type, region, usd, spotFrom, spotTo]) => onEc2({ type, region, usd, spotFrom, spotTo })),
  unpriced("aws/g6.xlarge/us-east-1", "not in the catalog that the other instances are from"),
  unpriced("aws/g6.xlarge/us-east-1/spot", "not in the catalog that the other instances are from"),
  unpriced("aws/g5.xlarge/us-east-1", "not in the catalog that the other instances are from"),
  unpriced(
    "aws/sagemaker/ml.g5.xlarge/us-east-1",
    "two pages disagree: 1.41 (October 2025), 1.21 (March 2026)",
  ),
  onRun("l4", run.l4 + besideL4, "one L4 without zonal redundancy, 4 vCPU and 16 GiB"),
  onRun("l4-redundant", run.l4Redundant + besideL4, "one L4 with zonal redundancy, 4 vCPU and 16 GiB"),
  unpriced("gcp/cloud-run/rtx-pro-6000", "no page found that says it", "instance"),
  ...runSizes.flatMap(([vcpu, gib]) => runWithoutGpu(vcpu, gib)),
  unpriced("azure/app-service/p1v3", "no page found that says it", "provisioned"),
  unpriced("azure/container-apps/t4", "no page found that says it", "instance"),
  unpriced("azure/container-apps/a100", "no page found that says it", "instance"),
  egress("aws/egress", 0.09, "the first 10 TB a month, after 100 GB for nothing"),
  egress("azure/egress", 0.087, "the first 10 TB a month, after 100 GB for nothing"),
  egress("gcp/egress/premium", 0.12, "the first TB a month"),
  egress("gcp/egress/standard", 0.085, "standard tier"),
];

type Ec2 = {
  readonly type: string;
  readonly region: string;
  readonly usd: number;
  readonly spotFrom: number;
  readonly spotTo: number;
};

/** A spot price is the dearest zone's, so that nobody plans with one that isn't theirs. */
function onEc2({ type, region, usd, spotFrom, spotTo }: Ec2): Price[] {
  const name = `aws/${type}/${region}`;
  const source = "skypilot-catalog v9, aws/vms.csv";
  const spot = `${source}, the dearest of its zones (from ${spotFrom})`;
  return [
    { name, unit: "hour", usd, source, asOf: days.catalog, confidence: "high" },
    {
      name: `${name}/spot`,
      unit: "hour",
      usd: spotTo,
      source: spot,
      asOf: days.catalog,
      confidence: "medium",
    },
  ];
}

function onRun(what: string, usd: number, of: string): Price {
  const source = `Cloud Billing SKUs of us-central1, 2026-08: ${of}`;
  return {
    name: `gcp/cloud-run/${what}`,
    unit: "second",
    usd,
    billing: "instance",
    source,
    asOf: days.skus,
    confidence: "medium-high",
  };
}

function runWithoutGpu(vcpu: number, gib: number): Price[] {
  const name = `gcp/cloud-run/cpu-${vcpu}x${gib}`;
  const of = ({ vcpu: each, gib: byGib }: typeof run.standing): number => vcpu * each + gib * byGib;
  const size = `${vcpu} vCPU and ${gib} GiB`;
  return [
    {
      name: `${name}/instance`,
      unit: "second",
      usd: of(run.standing),
      billing: "instance",
      source: `Cloud Billing SKUs of us-central1, 2026-08: ${size}`,
      asOf: days.skus,
      confidence: "high",
    },
    {
      name: `${name}/request`,
      unit: "second",
      usd: of(run.working),
      usdPerRequest: run.request,
      billing: "request",
      source: `cloudchipr.com/blog/cloud-run-pricing (2025), tier 1: ${size}`,
      asOf: days.runRequests,
      confidence: "medium",
    },
  ];
}

function egress(name: string, usd: number, of: string): Price {
  const source = `${egressPage}: ${of}`;
  return { name, unit: "GB", usd, source, asOf: days.egress, confidence: "medium-high" };
}

function unpriced(name: string, why: string, billing?: BillingKind): Price {
  return {
    name,
    unit: "hour",
    usd: undefined,
    source: why,
    asOf: days.soughtInVain,
    confidence: "none",
    ...(billing && { billing }),
  };
}
