"""A report as one HTML page that needs nothing else: style and pictures are inside."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from mosecrot_cli.pipeline.study.report.content import PAPER, Content, grey, number
from mosecrot_cli.pipeline.study.report.tables import ResultCell, ResultTable

_STYLE = """
:root { color-scheme: light dark; --line: #d8dee4; --soft: #6b7280; --ground: #ffffff; --text: #1f2328;
  --mark: #0072b2; --bad: #d55e00; --head: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --ground: #0d1117; --text: #e6edf3;
  --mark: #56b4e9; --bad: #ff8c42; --head: #151b23; }
  figure img { background: #ffffff; border-radius: 6px; padding: .5rem; box-sizing: border-box; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); max-width: 68rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.2rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, table.text td, table.text th { text-align: left; }
table.text td { white-space: normal; vertical-align: top; } table.text td:last-child { min-width: 18rem; }
thead th { background: var(--head); } tr.reference td { background: var(--head); }
.soft, .published { color: var(--soft); } .published { display: block; font-size: .8em; }
.better { color: var(--mark); } .worse { color: var(--bad); } b { font-weight: 700; }
figure { margin: 1rem 2rem 1rem 0; display: inline-block; vertical-align: top; max-width: 100%; }
figure img { max-width: 100%; height: auto; } figcaption { color: var(--soft); max-width: 28rem; }
pre { background: var(--head); padding: .8rem; overflow-x: auto; border-radius: 6px; font-size: .85em; }
"""


def page(content: Content, pictures: Mapping[str, bytes]) -> str:
    """The page.

    Args:
        content: what it says.
        pictures: file name -> SVG.
    """
    head = f"<title>{escape(content.title)}</title><style>{_STYLE}</style>"
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    parts = [*_results(content), *_figures(content, pictures), *_checks(content), *_sources(content)]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">{viewport}{head}</head>\n<body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _results(content: Content) -> Iterator[str]:
    yield f"<h1>{escape(content.title)}</h1>"
    yield f"<p>{escape(content.state)}.</p>"
    for table in content.tables:
        yield f"<h2>{escape(table.heading)}</h2>"
        yield from _table(table)
    yield f'<p class="soft">{escape(content.legend)}'
    if content.plan.study.published:
        yield " Grey: published figures."
    yield "</p>"


def _table(table: ResultTable) -> Iterator[str]:
    heads = "".join(f"<th>{escape(name)}</th>" for name in ("row", *table.languages, "mean"))
    yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>'
    for row in table.shown:
        found = [table.cells.get((row, language)) for language in table.languages]
        mean = table.mean(row)
        last = "–" if mean is None else f"{mean:.3f}".removeprefix("0")
        kind = ' class="reference"' if row == table.reference else ""
        yield f"<tr{kind}><td>{escape(row)}</td>{''.join(map(_cell, found))}<td>{last}</td></tr>"
    yield "</tbody></table></div>"
    for (row, language), cell in table.cells.items():
        if language not in table.languages:
            text = f"In {language}, the language of the model, {row} reaches {number(cell.score)}."
            yield f"<p>{escape(text)}</p>"


def _cell(cell: ResultCell | None) -> str:
    if cell is None:
        return "<td>–</td>"
    text = escape(number(cell.score))
    text = f"<b>{text}</b>" if cell.best else text
    told = ""
    if cell.comparison is not None:
        found = cell.comparison
        told = (
            f"difference to the reference {found.difference:+.3f} "
            f"[{found.interval.low:+.3f}, {found.interval.high:+.3f}]"
            f", p = {found.p_value:.4f}, after correction {cell.adjusted:.4f}"
        )
    if cell.mark:
        kind = "better" if cell.mark == "+" else "worse"
        text += f' <span class="{kind}">{"+" if cell.mark == "+" else "−"}</span>'
    text += "".join(f'<span class="published">{escape(figure)}</span>' for figure in grey(cell))
    return f'<td title="{escape(told)}">{text}</td>' if told else f"<td>{text}</td>"


def _figures(content: Content, pictures: Mapping[str, bytes]) -> Iterator[str]:
    if content.pictures:
        yield "<h2>Pictures</h2>"
    for name, caption in content.pictures.items():
        data = base64.b64encode(pictures[name]).decode()
        source = f"data:image/svg+xml;base64,{data}"
        told = escape(caption)
        yield f'<figure><img alt="{told}" src="{source}"><figcaption>{told}</figcaption></figure>'


def _checks(content: Content) -> Iterator[str]:
    yield "<h2>Checks</h2>"
    yield from _list(content.leak_lines())
    if content.maps:
        heads = "".join(f"<th>{name}</th>" for name in ("language", "model", "map", "anchors", "inspect", "what to do"))
        yield f'<div class="wide"><table class="text"><thead><tr>{heads}</tr></thead><tbody>'
        for check in content.maps:
            told = (
                check.language,
                check.model,
                check.map,
                f"{check.anchors:,}",
                check.verdict,
                "; ".join(check.findings),
            )
            yield f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in told)}</tr>"
        yield "</tbody></table></div>"


def _sources(content: Content) -> Iterator[str]:
    yield "<h2>Licences and what to cite</h2>"
    cited = [f"{each.name}: {each.licence}. Cite {each.citation}" for each in content.origins]
    yield from _list([f"The method: {PAPER}", *cited])
    yield "<h2>Settings</h2>"
    versions = ", ".join(f"{name} {version}" for name, version in content.versions.items())
    yield f'<p class="soft">{escape(versions)}</p><pre>{escape(content.study)}</pre>'


def _list(lines: Sequence[str]) -> Iterator[str]:
    yield f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
