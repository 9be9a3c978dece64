import type { JsonSchema } from "../json-schema.ts";
import { html, joined, type Markup, prose } from "./markup.ts";

/** What a value may be, in a line; what has a name leads to it. */
export function typeOf(schema: JsonSchema | undefined): Markup {
  if (!schema) return html`bytes`;
  const { $ref, anyOf, allOf, oneOf, enum: values, const: only } = schema as Words;
  if ($ref !== undefined) return reference($ref);
  const choice = anyOf ?? oneOf;
  if (choice) return joined(choice.map(typeOf), " or ");
  if (allOf) return joined(allOf.slice(0, 1).map(typeOf), "");
  if (only !== undefined) return html`<code>${JSON.stringify(only)}</code>`;
  if (values)
    return joined(
      values.map((value) => html`<code>${String(value)}</code>`),
      " or ",
    );
  return plainType(schema);
}

/** The members of an object, a row each. */
export function membersTable(schema: JsonSchema): Markup {
  const { properties, required = [], anyOf } = schema as Words;
  if (anyOf) return html`<p>${typeOf(schema)}</p>`;
  if (!properties) return html`<p>${typeOf(schema)}</p>`;
  const rows = Object.entries(properties).map(
    ([
      name,
      member,
    ]) => html`<tr><td><code>${name}</code>${required.includes(name) ? undefined : optional}</td>
<td>${typeOf(member)}</td><td>${prose(textOf(member))}</td></tr>`,
  );
  return html`<div class="wide"><table><thead><tr><th>Member</th><th>Value</th><th></th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** A member's words and what stands if it is left out. */
export function textOf({ description, default: usual }: JsonSchema): string {
  const words = typeof description === "string" ? `${description}.` : "";
  return usual === undefined ? words : `${words} If left out: \`${JSON.stringify(usual)}\`.`.trim();
}

const optional = html` <small>may be left out</small>`;

type Words = {
  readonly $ref?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string | readonly string[];
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly contentMediaType?: string;
};

function reference(target: string): Markup {
  const name = target.slice(target.lastIndexOf("/") + 1);
  return html`<a href="#schema-${name}">${name}</a>`;
}

function plainType(schema: JsonSchema): Markup {
  const { type, items, prefixItems, properties, additionalProperties, contentMediaType } = schema as Words;
  if (contentMediaType !== undefined) return html`a file`;
  if (prefixItems) return html`[${joined(prefixItems.map(typeOf), ", ")}]`;
  if (type === "array") return html`list of ${typeof items === "object" ? typeOf(items) : html`anything`}`;
  if (properties) return inlineObject(properties);
  if (typeof additionalProperties === "object" && Object.keys(additionalProperties).length > 0)
    return html`object of ${typeOf(additionalProperties)}`;
  if (type === undefined) return html`anything`;
  return html`${[type].flat().join(" or ")}${rangeOf(schema as Words)}`;
}

function inlineObject(properties: Readonly<Record<string, JsonSchema>>): Markup {
  const members = Object.entries(properties).map(([name, member]) => html`${name}: ${typeOf(member)}`);
  return html`{ ${joined(members, ", ")} }`;
}

function rangeOf({ minimum, maximum, format }: Words): string {
  if (format !== undefined) return `, ${format}`;
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  return minimum === undefined ? "" : `, at least ${minimum}`;
}
