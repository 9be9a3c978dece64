import { expect, test } from "vitest";
import { curlOf } from "#gateway/document/page/curl.ts";
import { renderPage } from "#gateway/document/page/render-page.ts";

const hostile = `<script>alert("1 & 2")</script>'`;

const document = {
  info: { title: hostile, description: `say \`${hostile}\`` },
  tags: [{ name: "All", description: hostile }],
  paths: {
    "/x/{name}": {
      post: {
        operationId: "ask",
        tags: ["All"],
        summary: hostile,
        description: hostile,
        security: [{ key: [] }],
        parameters: [
          { name: "name", in: "path", required: true, description: hostile, schema: { enum: [hostile] } },
        ],
        requestBody: {
          content: { "application/json": { schema: { type: "object" }, example: { it: "isn't" } } },
        },
        responses: {
          200: { description: hostile, content: { "application/json": { schema: { const: hostile } } } },
          404: { description: "`model_unknown`", content: {} },
        },
      },
    },
  },
  components: {
    schemas: { One: { description: hostile, properties: { a: { default: hostile } }, required: [] } },
    headers: { "X-A": { description: hostile } },
    securitySchemes: { key: { description: hostile } },
  },
};

test("whatever the document and the errors say is text on the page, and nothing but text", () => {
  const page = renderPage(document, `# Errors\n\n## model_unknown\n\n${hostile}\nand \`more\`\n`);
  expect(page).not.toContain("<script");
  expect(page.split("&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;&#39;").length).toBeGreaterThan(
    10,
  );
  expect(page).toContain("and <code>more</code>");
  expect(page).toContain('<a href="#error-model_unknown">model_unknown</a>');
});

test("the line for a shell has the verb, the key, the body and the address, and keeps quotes in their place", () => {
  const [[path, { post }] = ["", { post: undefined }]] = Object.entries(document.paths);
  if (!post) throw new Error("no operation");
  expect(curlOf({ method: "POST", path, operation: post })).toBe(
    [
      "curl",
      '--header "authorization: Bearer $TRADEWIND_KEY"',
      `--json '{"it":"isn'\\''t"}'`,
      '"$TRADEWIND_URL/x/NAME"',
    ].join(" \\\n  "),
  );
  const { requestBody: _, security: __, ...bare } = post;
  expect(curlOf({ method: "DELETE", path, operation: bare })).toBe(
    'curl \\\n  --request DELETE \\\n  "$TRADEWIND_URL/x/NAME"',
  );
});
