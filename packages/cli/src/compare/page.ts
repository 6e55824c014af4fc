/** A comparison as one HTML file that needs nothing else: no script, no network, light and dark. */
import {
  type ComparisonBody,
  comparisonFields,
  comparisonWords,
  eWords,
  oneIn,
  sideWords,
} from '@answerable/core/compare'
import { time } from '../output/time.ts'
import { pictureOf } from './picture.ts'
import { factsOf, unitOf } from './words.ts'

const ROWS = 24

export function pageOf(body: ComparisonBody): string {
  const { found, error, notShown } = comparisonWords(body)
  const unit = unitOf(body)
  const honest = unit === 'pair' ? 'Where both are drawn alike' : 'For an operator within the bound'
  const told = body.outcome === 'different'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${told ? 'Told apart' : 'Not told apart'}: a comparison of two models</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="label">A comparison of two models, basis: statistics</p>
<h1>${told ? 'Told apart' : 'Not told apart'}</h1>
<p class="lead">${escaped(found)} ${escaped(error)}</p>
<dl class="sides">
<div><dt>A</dt><dd>${escaped(sideWords(body.a))}</dd></div>
<div><dt>B</dt><dd>${escaped(sideWords(body.b))}</dd></div>
</dl>
<figure>
${pictureOf(body, unit)}
<figcaption>The test bets on the next ${unit} and begins with 1. ${honest}, its e-value reaches ${escaped(eWords(-Math.log10(body.level)))} in at most ${oneIn(body.level)} comparisons. A fall below 1 means that its bets lost, and takes nothing back.</figcaption>
</figure>
<h2>What this does not show</h2>
<ul>
${notShown.map(item => `<li>${escaped(item)}</li>`).join('\n')}
</ul>
<h2>What was done</h2>
<table><tbody>
${factsOf(body)
  .map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`)
  .join('\n')}
<tr><th scope="row">when</th><td>${time(body.from)} to ${time(body.to)}</td></tr>
</tbody></table>
<details>
<summary>The figures of the picture</summary>
<table><thead><tr><th scope="col">${unit}s</th><th scope="col">e-value</th><th scope="col">log10</th></tr></thead><tbody>
${rowsOf(body)
  .map(({ at, logE }) => `<tr><td>${at}</td><td>${escaped(eWords(logE))}</td><td>${logE}</td></tr>`)
  .join('\n')}
</tbody></table>
</details>
<details>
<summary>The statement’s body</summary>
<pre>${escaped(JSON.stringify(comparisonFields(body), null, 1))}</pre>
</details>
</main>
</body>
</html>
`
}

function rowsOf({ path }: ComparisonBody): ComparisonBody['path'] {
  const step = Math.max(1, Math.ceil(path.length / ROWS))
  return path.filter((_, i) => i % step === 0 || i === path.length - 1)
}

export function escaped(text: string): string {
  return text
    .replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

const STYLE = `
:root{color-scheme:light dark;--paper:#fbfbfa;--card:#fff;--ink:#15171c;--soft:#545a66;--line:#d5d8de;--course:#1d4ed8;--bar:#865300}
@media (prefers-color-scheme:dark){:root{--paper:#101216;--card:#171a20;--ink:#eceef2;--soft:#a6adba;--line:#30353f;--course:#8fb1ff;--bar:#e6b45c}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:48rem;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem}
h2{font-size:1.0625rem;margin:2rem 0 .5rem}
.label,figcaption{color:var(--soft);font-size:.8125rem;margin:0 0 .25rem}
.lead{margin:0 0 1rem}
.sides{margin:0 0 1rem;display:grid;gap:.25rem}
.sides div{display:flex;gap:.75rem}
.sides dt{font-weight:600}
.sides dd{margin:0}
figure{margin:0;padding:.75rem;background:var(--card);border:1px solid var(--line);border-radius:8px}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--soft);font:12px system-ui,sans-serif;font-variant-numeric:tabular-nums}
svg .grid{stroke:var(--line)}
svg .zero{stroke:var(--soft)}
svg .bar{stroke:var(--bar);stroke-width:2;stroke-dasharray:7 5}
svg .bar-label{fill:var(--bar);font-weight:600}
svg .course{fill:none;stroke:var(--course);stroke-width:2.5;stroke-linejoin:round}
svg .mark{fill:var(--card);stroke:var(--course);stroke-width:2.5}
ul{margin:0;padding-left:1.25rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
tbody th{font-weight:600;white-space:nowrap}
details{margin-top:1.5rem}
summary{cursor:pointer;font-weight:600}
pre{white-space:pre-wrap;font:.8125rem/1.5 ui-monospace,Menlo,Consolas,"Liberation Mono",monospace}
:focus-visible{outline:3px solid var(--course);outline-offset:2px;border-radius:4px}
`
