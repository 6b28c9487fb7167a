"""A report as a tidy table, as Markdown and as LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from mosecrot_cli.pipeline.study.report.collect import Finished
from mosecrot_cli.pipeline.study.report.content import PAPER, Content, grey, number
from mosecrot_cli.pipeline.study.report.tables import ResultTable

_COLUMNS = (
    "task", "source_model", "language", "row", "anchors", "map", "embeddings", "adapt", "seed", "sample", "n",
    "macro_f1", "accuracy", "low", "high", "anchor_count", "unknown_word_share", "scores",
)  # fmt: skip
_SPECIAL = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
            "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}  # fmt: skip
_NONE = "–"


def tidy(finished: Sequence[Finished]) -> str:
    """One row a run, tab-separated with a header; numbers in full."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow(_COLUMNS)
    for each in finished:
        run, row = each.run, each.run.row
        values = (
            run.task, run.model, run.language, row.name, row.anchors, row.map, row.embeddings, row.adapt, run.seed,
            run.sample, each.n, each.macro_f1, each.accuracy, each.low, each.high, each.anchors, each.unknown_words,
            run.scores,
        )  # fmt: skip
        writer.writerow(["" if value is None else value for value in values])
    return stream.getvalue()


def markdown(content: Content) -> str:
    """The report as Markdown; pictures are files next to it."""
    lines = [f"# {content.title}", "", f"{content.state}.", "", content.legend, ""]
    for table in content.tables:
        lines += [f"## {table.heading}", "", *_markdown_table(table), ""]
    for name, caption in content.pictures.items():
        lines += [f"![{caption}]({name})", "", f"*{caption}*", ""]
    lines += ["## Checks", "", *(f"- {line}" for line in content.leak_lines()), ""]
    if content.maps:
        lines += ["| language | model | map | anchors | verdict of inspect | |", "|---|---|---|---|---|---|"]
        for check in content.maps:
            findings = "; ".join(check.findings)
            lines.append(
                f"| {check.language} | {check.model} | {check.map} | {check.anchors:,} | {check.verdict} | {findings} |"
            )
        lines.append("")
    lines += ["## Licences and what to cite", "", f"- The method: {PAPER}"]
    lines += [f"- {each.name}: {each.licence}. Cite {each.citation}" for each in content.origins]
    versions = ", ".join(f"{name} {version}" for name, version in content.versions.items())
    return "\n".join([*lines, "", "## Settings", "", versions, "", "```toml", content.study.rstrip(), "```", ""])


def latex(content: Content) -> str:
    r"""The result tables for a paper, with `\usepackage{booktabs,xcolor}`."""
    lines = ["% \\usepackage{booktabs,xcolor}", f"% {content.state}"]
    for table in content.tables:
        lines += list(_latex_table(table, content.legend))
    return "\n".join(lines) + "\n"


def _markdown_table(table: ResultTable) -> Iterator[str]:
    yield f"| row | {' | '.join(table.languages)} | mean |"
    yield "|---" * (len(table.languages) + 2) + "|"
    for row in table.shown:
        cells = []
        for language in table.languages:
            cell = table.cells.get((row, language))
            if cell is None:
                cells.append(_NONE)
                continue
            text = number(cell.score)
            text = (f"**{text}**" if cell.best else text) + (f" {cell.mark}" if cell.mark else "")
            cells.append(text + "".join(f" <small>paper: {figure}</small>" for figure in grey(cell)))
        mean = table.mean(row)
        cells.append(_NONE if mean is None else f"{mean:.3f}".removeprefix("0"))
        yield f"| {row} | {' | '.join(cells)} |"
    yield from _others(table)


def _others(table: ResultTable) -> Iterator[str]:
    """What was scored in the source language."""
    for (row, language), cell in table.cells.items():
        if language not in table.languages:
            yield ""
            yield f"In {language}, the language of the model, {row} reaches {number(cell.score)}."


def _latex_table(table: ResultTable, legend: str) -> Iterator[str]:
    yield from ("\\begin{table}", "\\centering", f"\\begin{{tabular}}{{l{'r' * (len(table.languages) + 1)}}}")
    yield "\\toprule"
    yield f"row & {' & '.join(map(_escaped, table.languages))} & mean \\\\"
    yield "\\midrule"
    for row in table.shown:
        cells = []
        for language in table.languages:
            cell = table.cells.get((row, language))
            if cell is None:
                cells.append("--")
                continue
            text = number(cell.score).replace("±", "$\\pm$")
            text = (f"\\textbf{{{text}}}" if cell.best else text) + (f"$^{{{cell.mark}}}$" if cell.mark else "")
            cells.append(text + "".join(f" \\textcolor{{gray}}{{{_escaped(figure)}}}" for figure in grey(cell)))
        mean = table.mean(row)
        cells.append("--" if mean is None else f"{mean:.3f}".removeprefix("0"))
        yield f"{_escaped(row)} & {' & '.join(cells)} \\\\"
    yield "\\bottomrule"
    yield from ("\\end{tabular}", f"\\caption{{{_escaped(f'{table.heading}. {legend}')}}}", "\\end{table}")


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text).replace("±", "$\\pm$")
