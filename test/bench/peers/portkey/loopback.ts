import { Server } from "node:net";

/** Loaded before the gateway, which would listen on every address of the machine: here it hears the loopback only. */
const { listen } = Server.prototype;

function listenOnLoopback(this: Server, ...given: unknown[]): unknown {
  const [port, ...more] = given;
  const callback = more.find((one) => typeof one === "function");
  const where = typeof port === "number" ? [port, "127.0.0.1", ...(callback ? [callback] : [])] : given;
  return Reflect.apply(listen, this, where);
}

Object.assign(Server.prototype, { listen: listenOnLoopback });
