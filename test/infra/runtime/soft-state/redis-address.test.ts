import { inspect } from "node:util";
import { expect, test } from "vitest";
import { readRedisAddress } from "#infra/runtime/soft-state/redis-address.ts";

test("reads an address with all its parts", () => {
  expect(readRedisAddress("rediss://us%40er:p%3Aw@redis.example:7000/3?ca=/etc/ca%20file.pem")).toEqual({
    cluster: false,
    tls: true,
    nodes: [{ host: "redis.example", port: 7_000 }],
    username: "us@er",
    password: "p:w",
    db: 3,
    ca: "/etc/ca file.pem",
    where: "rediss://redis.example:7000/3",
  });
});

test("reads an address of a host alone", () => {
  expect(readRedisAddress("redis://localhost")).toEqual({
    cluster: false,
    tls: false,
    nodes: [{ host: "localhost", port: 6_379 }],
    db: 0,
    where: "redis://localhost",
  });
});

test("reads a cluster's hosts, with a password that none of its messages repeats", () => {
  const address = readRedisAddress("rediss-cluster://:word@a:1,[::1]:2,c");
  expect(address).toMatchObject({
    cluster: true,
    tls: true,
    nodes: [
      { host: "a", port: 1 },
      { host: "::1", port: 2 },
      { host: "c", port: 6_379 },
    ],
    password: "word",
    where: "rediss-cluster://a:1,[::1]:2,c",
  });
});

const wrong = [
  "",
  "localhost:6379",
  "http://hidden@localhost",
  "redis://",
  "redis://hidden@",
  "redis://:hidden@a:1,b:2",
  "redis://:hidden@a:0",
  "redis://:hidden@a:65536",
  "redis://:hidden@a:port",
  "redis://:hidden@a/words",
  "redis-cluster://:hidden@a:1,,b:2",
  "redis-cluster://:hidden@a:1/2",
  "redis://:hidden@a?commandTimeout=0",
  "rediss://:hidden@a?ca=/x&rejectUnauthorized=false",
  "rediss://:hidden@a?ca=",
  "redis://:hidden@a?ca=/x",
  "redis://:hidden%@a",
];
for (const address of wrong) {
  test(`refuses ${address || "nothing"} as an address of Redis, without repeating a password`, () => {
    let thrown: unknown;
    try {
      readRedisAddress(address);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "config_invalid" });
    expect(inspect(thrown, { depth: 5, showHidden: true }).replace(/\n\s+at .*/g, "")).not.toContain(
      "hidden",
    );
  });
}
