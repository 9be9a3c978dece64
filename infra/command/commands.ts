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
        "  [--signed-calls]   (TRADEWIND_MODELS says where models are, where no flag does; TRADEWIND_CALL_SECRET signs)",
      ].join("\n"),
      run: async (args) => (await import("./backend.ts")).backend(args),
    },
  ],
  [
    "edge",
    {
      summary: "the agent of a device: fetches signed models when it can, and answers alone",
      usage: [
        "tradewind edge --gateway URL [--data .tradewind-edge] [--enrol TOKEN | --root FILE] [--models NAME,...]",
        "  [--mirror URL]... [--proxy URL] [--insecure] [--builtin DIR] [--memory SIZE] [--every 5m] [--hardware WORD]",
        "  [--host 127.0.0.1] [--port 8100] [--workers 1] [--config edge.yaml]",
        "  (flags stand over the file; TRADEWIND_ENROL stands for --enrol; SIGHUP, or POST /edge/sync, syncs at once)",
      ].join("\n"),
      run: async (args) => (await import("./edge.ts")).edge(args),
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
        "what stands at each provider, which rollouts and freezes there are, and how what is tried out does",
      usage: [
        "tradewind status [--json] [--config FILE] [--url http://GATEWAY --key KEY]",
        "  (DATABASE_URL says where; with a file alone, what stands at its providers; of a gateway, its trials:",
        "  TRADEWIND_KEY stands for --key)",
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
    "fleet",
    {
      summary: "look at all providers, say what is to stand where, and with --apply see to it",
      usage: [
        "tradewind fleet [--apply] [--once] [--json] [--every 15s] [--config FILE]",
        "  (DATABASE_URL says where the gateways' records are; of several with --apply one leads and the others follow;",
        "  it reads what is published, or a file; without --apply nothing is ever changed)",
      ].join("\n"),
      run: async (args) => (await import("./fleet.ts")).fleet(args),
    },
  ],
  [
    "plan",
    {
      summary: "what the fleet process would do now, and why; changes nothing",
      usage: [
        "tradewind plan [--json] [--config FILE]",
        "  (DATABASE_URL says where; with a file alone nothing is known of what is asked for)",
      ].join("\n"),
      run: async (args) => (await import("./plan.ts")).plan(args),
    },
  ],
  [
    "deploy",
    {
      summary: "something new, one provider after the other: candidate, gate, more, promoted or taken back",
      usage: [
        "tradewind deploy --image NAME@sha256:... [--image-at PROVIDER=NAME@sha256:...]... [--models SOURCE]",
        "  [--providers a,b] [--note TEXT] [--now] [--detach] [--dry-run] [--json]",
        "  (follows it to its end, and leads it where no tradewind fleet --apply does; exit code 1 where it was taken",
        "  back; --now promotes each candidate as soon as it stands; --dry-run prints the calls and changes nothing)",
      ].join("\n"),
      run: async (args) => (await import("./deploy.ts")).deploy(args),
    },
  ],
  [
    "promote",
    {
      summary: "the candidate answers, whatever was measured: of a rollout under way, or at a provider",
      usage: "tradewind promote [ROLLOUT | PROVIDER] [--detach] [--dry-run] [--json]",
      run: async (args) => (await import("./promote.ts")).promote(args),
    },
  ],
  [
    "rollback",
    {
      summary: "what answered before answers again: of a rollout everywhere it was, or at a provider",
      usage: "tradewind rollback [ROLLOUT | PROVIDER] [--detach] [--dry-run] [--json]",
      run: async (args) => (await import("./rollback.ts")).rollback(args),
    },
  ],
  [
    "scale",
    {
      summary: "more or fewer instances by hand: a count, or between how many where a platform scales itself",
      usage: "tradewind scale PROVIDER COUNT|LEAST..MOST [--config FILE] [--detach] [--dry-run] [--json]",
      run: async (args) => (await import("./scale.ts")).scale(args),
    },
  ],
  [
    "freeze",
    {
      summary: "nothing is scaled, deployed or promoted, at a provider or anywhere; taking back is allowed",
      usage:
        "tradewind freeze [PROVIDER] [--why TEXT] [--for 2h] [--dry-run] [--json] | tradewind freeze --off [PROVIDER]",
      run: async (args) => (await import("./freeze.ts")).freeze(args),
    },
  ],
  [
    "drill",
    {
      summary: "rehearse the loss of a provider while requests go on; gives itself up at the limit",
      usage: [
        "tradewind drill --lose PROVIDER [--for 5m] [--max-miss 0.1%] [--before 30s] [--dry-run] [--json]",
        "  (DATABASE_URL says where; exit code 1 where more was missed, or too little was asked to tell; gateways end it by",
        "  themselves if it dies)",
      ].join("\n"),
      run: async (args) => (await import("./drill.ts")).drill(args),
    },
  ],
  [
    "init",
    {
      summary: "find what runs in the clouds, write a tradewind.yaml of it and send each service an image",
      usage: [
        "tradewind init [--aws-region R]... [--gcp-project P]... [--azure-subscription S]... [--file tradewind.yaml]",
        "  [--image FILE] [--model NAME] [--no-try] [--force] [--api KIND=https://...]... [--dry-run] [--json]",
        "  (with permissions that only read; --dry-run prints the file instead of writing it)",
      ].join("\n"),
      run: async (args) => (await import("./init.ts")).init(args),
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
  [
    "devices",
    {
      summary: "let devices enrol, list them, and refuse those whose keys are lost",
      usage: [
        "tradewind devices enrol [--label L] [--models a,b] [--for 24h] [--hardware H] [--count N]",
        "    [--root 1.root.json | --store URL]   (a token for each, shown once; with the first root's fingerprint, which is",
        "    the gateways' own repository's where neither is said)",
        "  | list [--label L] [--all] [--json] | show ID [--json] | revoke ID | release ID | label ID LABEL|-",
        "  (DATABASE_URL says where; release: what was set aside because its key was seen twice is let in again)",
      ].join("\n"),
      run: async (args) => (await import("./devices.ts")).devices(args),
    },
  ],
  [
    "models",
    {
      summary: "make model files smaller and faster, and publish them, signed, to devices",
      usage: [
        "tradewind models quantize MODEL.onnx --images DIR --out FILE [--target x64|x64-no-vnni|arm64]",
        "  [--calibration minmax|percentile|entropy] [--shadow DIR] [--truth DIR] [--min-agreement 0.9]",
        "  [--max-map-loss 1.0] [--json]   (writes nothing and is exit code 1 where a floor does not hold)",
        "  | keys OUT.pem",
        "  | repository --store URL --root-key A.pem,B.pem --threshold 2 --targets-key T.pem --online-key O.pem",
        "  | family MODEL --store URL --targets-key T.pem --family-key F.pem [--threshold 1] [--online-key O.pem]",
        "  | publish MODEL.onnx --store URL --model NAME --version V --images DIR --key F.pem [--target any]",
        "    [--file TARGET=FILE.onnx]... [--release N] [--online-key O.pem] [--min-agreement 0.99]",
        "    [--min-agent 0.1.0] [--floor-report FILE]... [--stage DIR] [--json]",
        "  | revoke MODEL RELEASE|--below N --store URL --key F.pem [--online-key O.pem]",
        "  | freshen --store URL --online-key O.pem|env:NAME [--watch]   (names what was published; watch goes on)",
        "  | list --store URL [--root ROOT.json] [--json]   (verifies everything as a device does; when each list ends)",
        "  | rotate root|targets|online|MODEL --store URL [--add NEW.pem] [--drop KEY-ID] [--threshold N]",
        "    [--root-key A.pem,B.pem] [--targets-key T.pem] [--family-key F.pem] [--online-key OLD.pem,NEW.pem]",
        "    (without --add, --drop and --threshold the role's list is signed anew, for another while)",
        "  | sign FILE --key KEY.pem [--store URL] [--online-key O.pem]   (one more signature where several are wanted)",
        "  | rollout start MODEL RELEASE [--rings label=canary,10%,50%,100%] [--least N] [--soak 10m] [--max-failures 5%]",
        "    [--min-agreement 0.97] [--note TEXT] [--store URL] | rollout pause|resume|stop|rollback|forget MODEL",
        "    | rollout pin DEVICE MODEL RELEASE | rollout unpin DEVICE MODEL   (DATABASE_URL says where)",
      ].join("\n"),
      run: async (args) => (await import("./models.ts")).models(args),
    },
  ],
] satisfies [string, Command][]);
