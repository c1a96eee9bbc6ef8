"""The style sheet of the HTML report: one text, whose digest the page's policy names."""

from __future__ import annotations

CSS = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --soft: #59636e; --line: #d5dae0; --panel: #f5f7f9;
  --deny: #b3261e; --deny-soft: #fdecea; --warn: #8a5300; --warn-soft: #fff4e0;
  --allow: #1a6b37; --allow-soft: #e8f5ec; --waived: #5b4bb5; --waived-soft: #efedfb; --mark: #ffe08a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e4e8ec; --soft: #9aa5b1; --line: #333a42; --panel: #1c2127;
    --deny: #ff8a80; --deny-soft: #3a1d1c; --warn: #f2bd62; --warn-soft: #362a14;
    --allow: #7fd49b; --allow-soft: #17301f; --waived: #b5a9ff; --waived-soft: #282444; --mark: #6b5400;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
}
main { overflow-wrap: anywhere; max-width: 1080px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 24px; line-height: 1.3; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 12px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
h2 .count { color: var(--soft); font-weight: normal; }
h3 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
p { margin: 4px 0; }
code, pre, .mono {
  font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 13px; overflow-wrap: anywhere;
}
.soft { color: var(--soft); }
.verdict {
  border: 1px solid var(--line); border-left: 8px solid var(--soft); border-radius: 6px;
  padding: 16px 20px; margin-top: 16px; background: var(--panel);
}
.verdict.deny { border-left-color: var(--deny); }
.verdict.allow { border-left-color: var(--allow); }
.verdict strong { font-size: 20px; }
.verdict.deny strong { color: var(--deny); }
.verdict.allow strong { color: var(--allow); }
.sums { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 10px;
  margin: 16px 0 0; padding: 0; list-style: none; }
.sums li { border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; background: var(--panel); }
.sums b { display: block; font-size: 22px; line-height: 1.2; }
.sums span { color: var(--soft); font-size: 13px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 16px 0 0; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 3px; }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--soft); border-radius: 6px;
  padding: 12px 16px; margin: 0 0 12px; }
.finding.denied { border-left-color: var(--deny); }
.finding.warning { border-left-color: var(--warn); }
.finding.allowed { border-left-color: var(--allow); }
.finding.waived { border-left-color: var(--waived); }
.finding .head { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; margin-bottom: 4px; }
.tag { display: inline-block; border-radius: 4px; padding: 0 7px; font-size: 12px; line-height: 20px;
  background: var(--panel); color: var(--ink); border: 1px solid var(--line); white-space: nowrap; }
.tag.denied, .tag.malformed { background: var(--deny-soft); color: var(--deny); border-color: transparent; }
.tag.warning, .tag.not-read, .tag.unrecognised, .tag.limit-exceeded {
  background: var(--warn-soft); color: var(--warn); border-color: transparent; }
.tag.allowed, .tag.scanned, .tag.verified {
  background: var(--allow-soft); color: var(--allow); border-color: transparent; }
.tag.waived { background: var(--waived-soft); color: var(--waived); border-color: transparent; }
.tag.invalid { background: var(--deny-soft); color: var(--deny); border-color: transparent; }
.place { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 8px 0 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.bytes { margin: 10px 0 0; padding: 8px 12px; background: var(--panel); border: 1px solid var(--line);
  border-radius: 4px; overflow-x: auto; white-space: pre; line-height: 1.45; }
.bytes i { color: var(--soft); font-style: normal; }
.bytes mark { background: var(--mark); color: inherit; border-radius: 2px; }
pre.source { margin: 8px 0 0; padding: 8px 12px; background: var(--panel); border: 1px solid var(--line);
  border-radius: 4px; white-space: pre-wrap; }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 6px 12px; border-top: 1px solid var(--line); }
thead th { border-top: 0; background: var(--panel); color: var(--soft); font-weight: 600; }
td.name { overflow-wrap: anywhere; min-width: 180px; }
th.number { text-align: right; }
td.number { text-align: right; white-space: nowrap; }
tr.member td.name { padding-left: 28px; }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--soft); }
ol.trail { margin: 0 0 12px; padding-left: 22px; }
ol.trail li { margin: 4px 0; overflow-wrap: anywhere; }
footer { margin-top: 48px; color: var(--soft); font-size: 13px; }
@media (max-width: 560px) {
  main { padding: 16px 12px 48px; }
  dl { grid-template-columns: 1fr; }
  dt { margin-top: 6px; }
}
@media print {
  .finding, .verdict { break-inside: avoid; }
  .bytes, .table { overflow: visible; }
}
"""
