import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { expect, onTestFinished, test } from "vitest";
import { loadKubeconfig } from "#adapters/kubernetes/load-kubeconfig.ts";

const config = (name: string, server: string) => ({
  clusters: [{ name, cluster: { server } }],
  users: [{ name, user: { token: `of-${name}` } }],
  contexts: [{ name, context: { cluster: name, user: name } }],
  "current-context": name,
});

async function files(...configs: readonly object[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "tradewind-kubeconfig-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const paths = configs.map((_, index) => join(folder, `${index}`));
  await Promise.all(configs.map((one, index) => writeFile(paths[index] ?? "", JSON.stringify(one))));
  return paths;
}

const load = (settings: object, env: Record<string, string> = {}) => {
  const loaded = loadKubeconfig({ KubeConfig }, settings, { env });
  return [loaded.getCurrentCluster()?.server, loaded.getCurrentUser()?.token];
};

test("a file says which cluster is meant and by which token", async () => {
  const [kubeconfig = ""] = await files(config("a", "https://a:6443/"));
  expect(load({ kubeconfig })).toEqual(["https://a:6443", "of-a"]);
  expect(load({}, { KUBECONFIG: kubeconfig })).toEqual(["https://a:6443", "of-a"]);
});

test("several files are one, and a context chooses in them", async () => {
  const both = await files(config("a", "https://a"), config("b", "https://b"));
  const env = { KUBECONFIG: both.join(":") };
  expect(load({}, env)).toEqual(["https://a", "of-a"]);
  expect(load({ context: "b" }, env)).toEqual(["https://b", "of-b"]);
  expect(() => load({ context: "c" }, env)).toThrow('the kubeconfig has no context "c"');
});

test("another address of the API is asked with the same token", async () => {
  const [kubeconfig = ""] = await files(config("a", "https://a"));
  expect(load({ kubeconfig, api: "https://private:6443" })).toEqual(["https://private:6443", "of-a"]);
  expect(load({ kubeconfig, api: "http://127.0.0.1:8001" })).toEqual(["http://127.0.0.1:8001", "of-a"]);
});

test("a token goes nowhere without TLS but to this machine", async () => {
  const [kubeconfig = ""] = await files(config("a", "http://10.0.0.1:8080"));
  expect(() => load({ kubeconfig })).toThrow("is no https address");
  expect(() => load({ kubeconfig, api: "http://127.evil.example" })).toThrow("is no https address");
});

test("without a cluster there is nothing to follow, and a broken file is named", async () => {
  const [kubeconfig = ""] = await files({});
  expect(() => load({ kubeconfig })).toThrow(/kubeconfig|no Kubernetes cluster/);
  expect(() => load({ kubeconfig: "/nowhere/at/all" })).toThrow(
    "the kubeconfig in /nowhere/at/all cannot be read",
  );
});
