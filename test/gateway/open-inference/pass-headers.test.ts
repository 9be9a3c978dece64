import { expect, test } from "vitest";
import { headersForBackend, headersForCaller } from "#gateway/open-inference/pass-headers.ts";

test("a backend learns how to read a request and not whose it is", () => {
  const kept = {
    "content-type": "application/octet-stream",
    "content-encoding": "gzip",
    "accept-encoding": "deflate",
    "inference-header-content-length": "12",
    "triton-custom": "7",
  };
  const dropped = {
    authorization: "Bearer secret",
    "x-api-key": "secret",
    "proxy-authorization": "secret",
    cookie: "secret",
    connection: "keep-alive",
    "keep-alive": "timeout=5",
    "transfer-encoding": "chunked",
    te: "trailers",
    upgrade: "h2c",
    expect: "100-continue",
    host: "gateway",
    "content-length": "100",
    "x-forwarded-for": "10.0.0.1",
  };
  expect(headersForBackend({ ...dropped, ...kept })).toEqual(kept);
});

test("however many headers are meant for Triton, few are passed on", () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, place) => [`triton-${place}`, "x"]));
  expect(Object.keys(headersForBackend(many))).toHaveLength(32);
});

test("a caller learns how to read an answer and nothing of who gave it", () => {
  const kept = {
    "content-type": "application/octet-stream",
    "content-encoding": "gzip",
    "inference-header-content-length": "12",
    "retry-after": "3",
  };
  const dropped = {
    server: "triton",
    "set-cookie": ["a=b"],
    connection: "close",
    date: "today",
    "x-host": "10.0.0.1",
  };
  expect(headersForCaller({ ...kept, ...dropped })).toEqual(kept);
});
