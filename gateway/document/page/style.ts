/** The whole look of the page; its hash is what the content policy lets in. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6470; --line: #dde1e6; --back: #ffffff; --code: #f3f5f7; --link: #0b5fbd; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ed; --soft: #98a3b0; --line: #2e353d; --back: #14181d; --code: #1e242b; --link: #7db7ff; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
main, nav { padding: 1rem 1.25rem; min-width: 0; }
main { max-width: 54rem; }
nav { border-bottom: 1px solid var(--line); font-size: 0.92rem; }
nav ul { list-style: none; margin: 0 0 0.75rem; padding: 0; }
nav li { padding: 0.1rem 0; }
nav b { display: block; margin-top: 0.5rem; }
h1 { margin: 0.25rem 0 0.5rem; }
h2 { margin: 2.5rem 0 0.5rem; padding-top: 1rem; border-top: 2px solid var(--line); }
h3 { margin: 2rem 0 0.25rem; }
h3 a { color: inherit; }
h4 { margin: 1.1rem 0 0.25rem; font-size: 0.95rem; color: var(--soft); }
p { margin: 0.4rem 0; }
ul { margin: 0.3rem 0; padding-left: 1.2rem; }
small { color: var(--soft); }
code { font: 0.88em/1.5 ui-monospace, monospace; background: var(--code); border-radius: 3px; padding: 0.1em 0.3em; overflow-wrap: anywhere; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem 1rem; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
.line b { font-size: 0.85rem; letter-spacing: 0.04em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); }
td small { display: block; }
td:first-child code { white-space: nowrap; }
@media (max-width: 40rem) {
  thead { display: none; }
  tr, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: 0.3rem 0; }
  td { border: 0; padding: 0.1rem 0; }
  td small { display: inline; }
}
@media (min-width: 64rem) {
  body { display: grid; grid-template-columns: 18rem 1fr; }
  nav { border-bottom: 0; border-right: 1px solid var(--line); position: sticky; top: 0; height: 100vh; overflow-y: auto; }
  main { padding: 1.5rem 2.5rem; }
}
`;
