import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type Certificate, selfSigned } from "#test/support/certificate.ts";

/** One for all of a process's fakes: of two with the same name, only the first would be found. */
export function azureCertificate(): Certificate {
  certificate ??= selfSigned(["127.0.0.1"]);
  return certificate;
}

let certificate: Certificate | undefined;
let trusting = 0;

/** This process trusts it until all who asked are done; another one is told by NODE_EXTRA_CA_CERTS. */
export function trustAzure(): Disposable {
  const { cert } = azureCertificate();
  trusting += 1;
  if (trusting === 1) setDefaultCACertificates([...getCACertificates("default"), cert]);
  return {
    [Symbol.dispose]: () => {
      trusting -= 1;
      if (trusting > 0) return;
      setDefaultCACertificates(getCACertificates("default").filter((one) => one.trim() !== cert.trim()));
    },
  };
}
