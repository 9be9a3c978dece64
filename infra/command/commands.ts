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
      summary: "check a configuration, and give one to all gateways of a database",
      usage: [
        "tradewind config check [FILE] | schema",
        "  | publish FILE [--note TEXT] [--expect VERSION] | history | diff [FROM [TO]] | rollback [VERSION]",
        "  (check and schema start nothing; for the others DATABASE_URL says where)",
      ].join("\n"),
      run: async (args) => (await import("./config.ts")).config(args),
    },
  ],
  [
    "explain",
    {
      summary:
        "why a request went where it went: who could have answered, at what price, and what came of it",
      usage: [
        "tradewind explain REQUEST-ID [--json] [--url http://GATEWAY --key KEY]",
        "  (the id is the answer's X-Request-Id; without --url DATABASE_URL says where, TRADEWIND_KEY stands for --key)",
      ].join("\n"),
      run: async (args) => (await import("./explain.ts")).explain(args),
    },
  ],
  [
    "ledger",
    {
      summary: "what requests cost and took, and what other backends would have cost",
      usage:
        "tradewind ledger [--by hour|model|backend|tenant] [--since 24h] [--tenant ID]   (DATABASE_URL says where)",
      run: async (args) => (await import("./ledger.ts")).ledger(args),
    },
  ],
  [
    "status",
    {
      summary:
        "how backends that are tried out do beside those that answer: agreement, speed, money, failures",
      usage: [
        "tradewind status [--json] [--url http://GATEWAY --key KEY]",
        "  (without --url DATABASE_URL says where, TRADEWIND_KEY stands for --key)",
      ].join("\n"),
      run: async (args) => (await import("./status.ts")).status(args),
    },
  ],
  [
    "shift",
    {
      summary: "give a provider 1, 10 or 100 % of a model's requests, or take them back",
      usage: [
        "tradewind shift MODEL PROVIDER 0%|1%|10%|100% [--force] [--url http://GATEWAY --key KEY]",
        "  (a new version of the configuration: tradewind config rollback takes it back; what was measured must speak",
        "  for more, unless --force; at 100% the provider is the first group, and who was that stands behind it)",
      ].join("\n"),
      run: async (args) => (await import("./shift.ts")).shift(args),
    },
  ],
  [
    "replay",
    {
      summary:
        "what recorded requests would have cost and missed: a trace or an access log, any fleet, any policy",
      usage: [
        "tradewind replay --trace FILE --fleet FILE [--policy NAME,...|all|ablations] [--slo MS] [--json]",
        "  [--objective cost|balanced|latency] [--seed 1] [--rps N | --copies K] [--from S] [--duration S]",
        "  [--format auto|azure-llm|servegen|nginx|alb|ledger] [--requests posts|all] [--model NAME] [--warm-up S]",
        "  [--gateways 1] [--fault BACKEND:down|slow|errors|hang|full|latency|price:FROM:TO[:AMOUNT]]...",
        "  [--set usdPerMiss=0.01]...   (a fleet is any tradewind.yaml, with or without a simulation section)",
      ].join("\n"),
      run: async (args) => (await import("./replay.ts")).replay(args),
    },
  ],
] satisfies [string, Command][]);
