import { expect, test } from "vitest";
import { parseBlobUrl } from "#infra/runtime/blobs/blob-url.ts";

test.each([
  ["./models", { kind: "folder", path: "./models" }],
  ["/var/lib/models", { kind: "folder", path: "/var/lib/models" }],
  ["file:///var/lib/my%20models", { kind: "folder", path: "/var/lib/my models" }],
  ["s3://models", { kind: "s3", bucket: "models", base: "", pathStyle: false }],
  [
    "s3://models/team%20a/v1/?endpoint=http://minio:9000/&region=eu-west-1",
    {
      bucket: "models",
      base: "team a/v1/",
      endpoint: "http://minio:9000",
      region: "eu-west-1",
      pathStyle: true,
    },
  ],
  ["s3://models?endpoint=https://r2.example&pathStyle=false", { pathStyle: false, anonymous: false }],
  ["gs://my.models/a?anonymous=true", { kind: "gcs", bucket: "my.models", base: "a/", anonymous: true }],
  ["az://acme/models/a/b", { kind: "azure", account: "acme", container: "models", base: "a/b/" }],
  ["az://acme/models", { kind: "azure", container: "models", base: "", endpoint: undefined }],
])("reads %s", (text, place) => {
  expect(parseBlobUrl(text)).toMatchObject(place);
});

test.each([
  ["", "empty"],
  ["models\0", "empty or too long"],
  [`s3://${"m".repeat(5_000)}`, "too long"],
  ["http://models", "begins with none"],
  ["file://elsewhere/models", "no folder of this machine"],
  ["s3://", "bucket"],
  ["s3://UPPER", "bucket"],
  ["s3://-models", "bucket"],
  ["s3://a:80/x", "bucket"],
  ["s3://models/a//b", "prefix"],
  ["s3://models/%2e%2e%2fb", "prefix"],
  ["s3://models/a%00", "prefix"],
  ["s3://models/%zz", "not encoded"],
  ["s3://models#a", "fragment"],
  ["s3://models?regoin=a", "may say endpoint, anonymous, region, pathStyle"],
  ["s3://models?region=a&region=b", "region twice"],
  ["s3://models?region=eu%0awest", "region"],
  ["s3://models?pathStyle=yes", "pathStyle"],
  ["gs://models?pathStyle=true", "may say endpoint, anonymous"],
  ["s3://models?endpoint=minio:9000", "endpoint"],
  ["s3://models?endpoint=ftp://minio", "endpoint"],
  ["s3://models?endpoint=http://a:b@minio", "endpoint"],
  ["s3://models?endpoint=http://minio?x=y", "endpoint"],
  ["gs://models?anonymous=1", "anonymous"],
  ["az://acme", "container"],
  ["az://ACME/models", "account"],
  ["az://acme/Models", "container"],
  ["az://acme/a--b", "container"],
])("refuses %s because of its %s", (text, why) => {
  expect(() => parseBlobUrl(text)).toThrow(
    expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(why) }),
  );
});

test("never repeats credentials that stand in an address", () => {
  for (const text of ["s3://id:hidden@models", "s3://models?secret=hidden", "az://acme/models?sig=hidden"]) {
    expect(() => parseBlobUrl(text)).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.not.stringContaining("hidden") }),
    );
  }
});
