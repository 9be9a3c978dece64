import type { Command } from "./command.ts";

/** Every verb; the code of one is loaded only when it is called, so that `--help` is instant. */
export const commands: ReadonlyMap<string, Command> = new Map([
  [
    "start",
    {
      summary: "everything on this machine, with nothing configured: a gateway, a backend, a database",
      usage:
        "tradewind start [--model FILE.onnx] [--host 127.0.0.1] [--port 8080] [--data .tradewind] [--config FILE] [--workers 2]",
      run: async (args) => (await import("./start.ts")).start(args),
    },
  ],
  [
    "serve",
    {
      summary: "the gateway alone, from a configuration (what images run)",
      usage: "tradewind serve [--config tradewind.yaml] [--host 127.0.0.1] [--port 8080]",
      run: async (args) => (await import("./serve.ts")).serve(args),
    },
  ],
  [
    "backend",
    {
      summary: "an inference backend alone: images or tensors in, what is found out, Open Inference Protocol",
      usage: [
        "tradewind backend --models DIR|s3://...|gs://...|az://... | --model FILE.onnx | --upstream http://HOST:PORT",
        "  [--host 127.0.0.1] [--port 8000] [--workers auto] [--isolate] [--execution-providers tensorrt,cuda,webgpu,cpu]",
        "  [--model-control none|explicit|poll] [--load-model NAME]... [--poll-every 15s] [--images-only] [--cache DIR]",
        "  [--upstream-model NAME]... [--model-settings DIR] [--run-timeout 60s] [--max-body 64MiB] [--max-memory SIZE]",
      ].join("\n"),
      run: async (args) => (await import("./backend.ts")).backend(args),
    },
  ],
  [
    "keys",
    {
      summary: "make, list, rotate and revoke API keys",
      usage: [
        "tradewind keys create NAME [--tenant ID] [--scopes infer,usage] [--models NAME,...] [--expires 90d|MOMENT]",
        "  [--origin https://PAGE]... [--file] | list [--tenant ID] | rotate ID [--overlap 24h] [--expires 90d|MOMENT]",
        "  | revoke ID   (DATABASE_URL says where; create --file prints a keys.yaml entry)",
      ].join("\n"),
      run: async (args) => (await import("./keys.ts")).keys(args),
    },
  ],
  [
    "config",
    {
      summary: "check a configuration without starting anything",
      usage: "tradewind config check [FILE]",
      run: async (args) => (await import("./config.ts")).config(args),
    },
  ],
] satisfies [string, Command][]);
