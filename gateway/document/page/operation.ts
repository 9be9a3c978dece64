import type { JsonSchema } from "../json-schema.ts";
import { curlOf } from "./curl.ts";
import type { ApiResponse, Content, Operation, Parameter, Placed } from "./document.ts";
import { html, joined, type Markup, prose } from "./markup.ts";
import { membersTable, textOf, typeOf } from "./schema.ts";

/** All that is to know of one operation. */
export function operationSection(placed: Placed): Markup {
  const { method, path, operation } = placed;
  const { operationId, summary = "", description = "", parameters = [], requestBody, responses } = operation;
  return html`<section id="op-${operationId}">
<h3><a href="#op-${operationId}">${summary}</a></h3>
<p class="line"><b>${method}</b> <code>${path}</code> <small>${operationId}</small></p>
${description === "" ? undefined : html`<p>${prose(description)}</p>`}
${keyLine(operation)}
<pre><code>${curlOf(placed)}</code></pre>
${parameterTable(parameters)}
${requestBody ? bodyPart(requestBody.content, requestBody.description) : undefined}
${answersPart(responses)}
${errorsPart(responses)}
</section>
`;
}

function keyLine({ security = [] }: Operation): Markup {
  if (security.length === 0) return html`<p>No key is needed.</p>`;
  const scopes = Object.values(security[0] ?? {}).flat();
  if (scopes.length === 0) return html`<p>Any key will do.</p>`;
  return html`<p>The key needs the scope <code>${scopes.join(", ")}</code>.</p>`;
}

function parameterTable(parameters: readonly Parameter[]): Markup | undefined {
  if (parameters.length === 0) return undefined;
  const rows = parameters.map(
    ({ name, in: place, required, schema, description }) => html`<tr>
<td><code>${name}</code> <small>${place}${required ? undefined : ", may be left out"}</small></td>
<td>${typeOf(schema)}</td><td>${prose(textOf({ ...schema, description }))}</td></tr>`,
  );
  return html`<h4>Parameters</h4>
<div class="wide"><table><thead><tr><th>Name</th><th>Value</th><th></th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function bodyPart(content: Content, description = ""): Markup {
  return html`<h4>Body</h4><p>${prose(description)}</p>${contentList(content)}`;
}

function contentList(content: Content): Markup {
  const items = Object.entries(content).map(
    ([type, { schema }]) => html`<li><code>${type}</code>: ${bodyType(type, schema)}</li>`,
  );
  return html`<ul>${items}</ul>`;
}

/** Of a form the names will do, since its fields are the parameters and the images. */
function bodyType(type: string, schema: JsonSchema | undefined): Markup {
  if (!type.startsWith("multipart/") || !schema) return objectType(schema);
  const names = Object.keys(schema.properties ?? {}).map((name) => html`<code>${name}</code>`);
  return html`fields ${joined(names, ", ")}`;
}

/** A small object stands where it is; what has a name is told of below. */
function objectType(schema: JsonSchema | undefined): Markup {
  return schema && "properties" in schema ? membersTable(schema) : typeOf(schema);
}

function answersPart(responses: Operation["responses"]): Markup {
  const answers = Object.entries(responses).filter((entry) => !isOnlyProblem(entry));
  const items = answers.map(
    ([status, { description, content = {}, headers = {} }]) => html`<li><b>${status}</b> ${prose(description)}
${Object.entries(content)
  .filter(([type]) => type !== "application/problem+json")
  .map(([type, { schema }]) => html`<div><code>${type}</code>: ${objectType(schema)}</div>`)}
${headerLine(headers)}</li>`,
  );
  return html`<h4>Answers</h4><ul>${items}</ul>`;
}

function headerLine(headers: NonNullable<ApiResponse["headers"]>): Markup | undefined {
  const names = Object.keys(headers);
  if (names.length === 0) return undefined;
  const linked = names.map((name) => html`<a href="#header-${name}">${name}</a>`);
  return html`<div><small>Headers: ${joined(linked, ", ")}</small></div>`;
}

function errorsPart(responses: Operation["responses"]): Markup {
  const rows = Object.entries(responses).flatMap(([status, { description }]) => {
    const codes = [...description.matchAll(/`([a-z_]+)`/g)].map(([, code = ""]) => code);
    if (Number(status) < 400 || codes.length === 0) return [];
    const linked = codes.map((code) => html`<a href="#error-${code}">${code}</a>`);
    return [html`<tr><td>${status}</td><td>${joined(linked, ", ")}</td></tr>`];
  });
  return html`<h4>Errors</h4><div class="wide"><table><tbody>${rows}</tbody></table></div>`;
}

function isOnlyProblem([status, { content = {} }]: [string, ApiResponse]): boolean {
  const types = Object.values(content).map(({ schema }) => JSON.stringify(schema) ?? "");
  return Number(status) >= 400 && types.every((type) => /\/(Problem|ProtocolError)"/.test(type));
}
