"""A study that was killed once and went on: nothing was done twice. Its report: the numbers are those of the single
commands, the page opens in a browser, the checks find what is wrong.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from statistics import fmean, stdev

import pytest
from sklearn.metrics import f1_score

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.evaluation.predictions import read_predictions
from mosecrot_cli.pipeline.study.file import read_study
from mosecrot_cli.pipeline.study.plan import make_plan
from mosecrot_cli.pipeline.study.workflow import pending
from pipeline.study.pico_study import marks

pytestmark = pytest.mark.slow


def test_killed_it_goes_on_and_nothing_is_done_twice(finished_study: Path):
    killed = dict(line.split() for line in (finished_study / "killed.txt").read_text().splitlines())
    now = marks(finished_study)
    assert 8 <= len(killed) < len(now)
    assert {name: str(now[name]) for name in killed} == killed
    plan = make_plan(read_study(finished_study / "study.toml"))
    assert pending(plan) == []
    # One fine-tuning for each seed serves all maps that keep the source; F^s needs its own.
    assert sum(job.kind == "finetune" for job in plan.jobs.values()) == 4
    assert not any((finished_study / "study" / "work").rglob("*.safetensors"))


def test_a_finished_study_has_nothing_to_do(finished_study: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(finished_study)
    before = marks(finished_study)
    found = json.loads(output_of("study run study.toml --json", capsys))
    assert (found["left"], found["done"]) == (0, 0)
    assert marks(finished_study) == before


def test_a_changed_option_makes_only_what_depends_on_it_new(finished_study: Path, tmp_path: Path, monkeypatch, capsys):
    folder = tmp_path / "work"
    shutil.copytree(finished_study, folder)
    monkeypatch.chdir(folder)
    text = Path("study.toml").read_text()
    Path("study.toml").write_text(text.replace("k = 1\n", "k = 2\n"))
    found = json.loads(output_of("study run study.toml --dry-run --json", capsys))
    # The map, and for two seeds the stitched model, its score and, for the ensemble, the other stitched model.
    assert found["kinds"] == {"map": 2, "stitch": 4, "evaluate": 4}
    Path("study.toml").write_text(text)
    with Path("en-xx.tsv").open("a") as stream:
        stream.write("extra\tqartxe\n")
    found = json.loads(output_of("study run study.toml --dry-run --json", capsys))
    assert found["kinds"]["anchors"] == 2 and found["kinds"]["finetune"] == 2


def test_some_jobs_of_a_kind_are_done_and_others_are_not(finished_study: Path, tmp_path: Path, start):
    folder = tmp_path / "work"
    shutil.copytree(finished_study, folder)
    plan = make_plan(read_study(folder / "study.toml"))
    # The anchors of `few` are to be chosen again; those of `all`, which a map reads that is to be made again, are there.
    wanted = ("anchors/pico-bert/xx/few", "evaluate/topics/pico-bert/xx/few", "evaluate/topics/pico-bert/xx/all/k1")
    gone = [job for job in plan.jobs.values() if job.key.startswith(wanted)]
    assert len(gone) == 7
    for job in gone:
        (folder / "study" / job.target).unlink()
    process = start(folder, "study.toml")
    assert process.wait(timeout=200) == 0, (folder / "study/logs/snakemake.log").read_text()
    assert pending(plan) == []


@pytest.fixture(scope="module")
def report(finished_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report. Change nothing."""
    folder = tmp_path_factory.mktemp("report") / "work"
    shutil.copytree(finished_study, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run("study report study.toml --resamples 200 -q".split()) == 0
    return folder / "study" / "report"


def rows_of(report: Path) -> list[dict[str, str]]:
    with (report / "results.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_the_tidy_table_has_a_row_for_each_run(report: Path):
    rows = rows_of(report)
    # Source, ensemble and four rows of the grid for two seeds; lr has none.
    assert len(rows) == 2 * 6 + 1
    assert len({(row["row"], row["seed"], row["language"]) for row in rows}) == len(rows)
    for row in rows:
        predictions = read_predictions(
            report.parent / row["scores"].replace("scores/", "predictions/", 1).replace(".json", ".tsv")
        )
        expected = f1_score(predictions.gold, predictions.predicted, average="macro")
        assert float(row["macro_f1"]) == pytest.approx(expected, abs=1e-12)


def test_the_numbers_are_those_of_the_single_commands(report: Path, tmp_path: Path, monkeypatch, capsys):
    folder = tmp_path / "work"
    shutil.copytree(report.parents[1], folder)
    monkeypatch.chdir(folder)
    model = "study/models/topics/pico-bert/kept/seed-2"
    for line in (
        "anchors --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec -q",
        "map --k 5 --keep-source -q",
        f"stitch {model} -q",
    ):
        assert run(line.split()) == 0
    alone = json.loads(output_of("evaluate stitched --data xx.test.tsv --json -q", capsys))
    (row,) = [each for each in rows_of(report) if (each["row"], each["seed"]) == ("all/k5/kept", "2")]
    assert float(row["macro_f1"]) == pytest.approx(alone["macro_f1"], abs=1e-12)
    assert float(row["low"]) == pytest.approx(alone["macro_f1_interval"][0], abs=1e-12)


def test_means_and_deviations_are_those_of_the_runs(report: Path):
    values = [float(row["macro_f1"]) for row in rows_of(report) if row["row"] == "all/k1/kept"]
    told = f"{fmean(values):.3f} ± {stdev(values):.3f}".replace("0.", ".")
    for name in ("report.md", "report.html"):
        assert told in (report / name).read_text(encoding="utf-8")
    assert told.replace("±", r"$\pm$") in (report / "report.tex").read_text(encoding="utf-8")


def test_the_best_is_bold_and_what_was_published_is_grey(report: Path):
    means: dict[str, list[float]] = {}
    for row in rows_of(report):
        if row["language"] == "xx":
            means.setdefault(row["row"], []).append(float(row["macro_f1"]))
    best = max(means, key=lambda name: fmean(means[name]))
    lines = (report / "report.md").read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0] for line in lines if "**." in line or "**1" in line] == [f"| {best}"]
    page = (report / "report.html").read_text(encoding="utf-8")
    assert '<span class="published">.123 (Table 9)</span>' in page
    assert r"\textcolor{gray}{.123 (Table 9)}" in (report / "report.tex").read_text(encoding="utf-8")


def test_a_titled_grid_has_a_table_of_its_own(finished_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "work"
    shutil.copytree(finished_study, folder)
    monkeypatch.chdir(folder)
    first, second, third = Path("study.toml").read_text().split("[[grid]]")
    Path("study.toml").write_text(f'{first}[[grid]]\ntitle = "Nearest"{second}[[grid]]\ntitle = "Few, or F^s"{third}')
    assert run("study report study.toml --resamples 200 -q".split()) == 0
    report = folder / "study" / "report"
    parts = (report / "report.md").read_text(encoding="utf-8").split("\n## ")
    tables = {part.partition("\n")[0]: re.findall(r"^\| ([\w/]+)", part, re.MULTILINE)[1:] for part in parts}
    assert tables["Nearest (topics, pico-bert)"] == ["lr", "all/k5/kept", "all/k1/kept", "both"]
    assert tables["Few, or F^s (topics, pico-bert)"] == ["all/k5/kept", "few/k5/kept", "few/k5/trained"]
    assert (report / "k-nearest-topics-pico-bert.svg").exists()
    assert "<h2>Few, or F^s (topics, pico-bert)</h2>" in (report / "report.html").read_text(encoding="utf-8")
    assert (report / "report.tex").read_text(encoding="utf-8").count(r"\toprule") == 2


def test_the_latex_table_has_as_many_cells_in_each_row(report: Path):
    text = (report / "report.tex").read_text(encoding="utf-8")
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    assert len(body) == 6 and {line.count("&") for line in body} == {2}
    assert all(line.endswith(r"\\") for line in body)


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [str(value) for name, value in attrs if name in ("src", "href")]


def test_the_page_needs_nothing_else(report: Path):
    parts = _Parts()
    text = (report / "report.html").read_text(encoding="utf-8")
    parts.feed(text)
    assert "script" not in parts.tags and "link" not in parts.tags
    # Over k, over the anchors, the heat map, the gains.
    assert len(parts.sources) == 4 == len(list(report.glob("*.svg")))
    assert all(source.startswith("data:image/svg+xml;base64,") for source in parts.sources)
    assert "url(" not in text


def test_a_browser_draws_the_page(report: Path, tmp_path: Path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    picture = tmp_path / "page.png"
    size = ["--window-size=1200,2400", f"--screenshot={picture}"]
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", *size]
    subprocess.run([browser, *options, (report / "report.html").as_uri()], check=True, capture_output=True, timeout=120)
    from matplotlib.image import imread

    drawn = imread(picture)
    assert drawn.shape[:2] == (2400, 1200)
    # Pictures: in the lower part there is more than text, and some of it is coloured.
    colours = drawn[600:, :, :3].reshape(-1, 3)
    assert ((colours.max(axis=1) - colours.min(axis=1)) > 0.2).sum() > 1000


def test_the_checks_find_no_leak_and_tell_the_verdict(report: Path):
    text = (report / "report.md").read_text(encoding="utf-8")
    assert re.search(r"- \d+ pairs of test data and training, development or unlabelled texts share no text\.", text)
    assert " are in the " not in text
    assert re.search(r"\| xx \| pico-bert \| all/k5/kept \| 38 \| low \|", text)
    assert "with few pairs use `mosecrot map --preset transfer`" in text


def test_a_leak_is_found(finished_study: Path, tmp_path: Path, monkeypatch, capsys):
    folder = tmp_path / "work"
    shutil.copytree(finished_study, folder)
    monkeypatch.chdir(folder)
    lines = Path("xx.test.tsv").read_text().splitlines()
    with Path("xx.train.tsv").open("a") as stream:
        stream.write(f"900\tsports\t{lines[3].split(chr(9))[2].upper()}\n")
    # As it is, the marks say that all is to be done anew; those of what has been done are kept for this test.
    for job in make_plan(read_study(Path("study.toml"))).jobs.values():
        Path("study", job.target).parent.mkdir(parents=True, exist_ok=True)
        Path("study", job.target).touch()
    assert run("study report study.toml --resamples 100".split()) == 0
    assert "warning: 1 test texts" in capsys.readouterr().err
    assert (
        "1 of 40 texts of ../xx.test.tsv are in the training data ../xx.train.tsv"
        in Path("study/report/report.md").read_text()
    )


def test_mistakes_are_told(finished_study: Path, tmp_path: Path, monkeypatch, capsys):
    folder = tmp_path / "work"
    shutil.copytree(finished_study, folder)
    monkeypatch.chdir(folder)
    assert "did you mean all/k5/kept?" in failure_of("study report study.toml --reference all/k5/kepd", 3, capsys)
    shutil.rmtree("study")
    assert "nothing is finished yet" in failure_of("study report study.toml", 3, capsys)


def test_what_is_left_is_estimated_from_what_was_done(finished_study: Path, tmp_path: Path, monkeypatch, capsys):
    folder = tmp_path / "work"
    shutil.copytree(finished_study, folder)
    monkeypatch.chdir(folder)
    text = Path("study.toml").read_text()
    Path("study.toml").write_text(text.replace("[maps.k1]\nk = 1", "[maps.k1]\nk = 2"))
    found = json.loads(output_of("study run study.toml --dry-run --json", capsys))
    assert {"map", "stitch", "evaluate"} <= found["kinds"].keys()
    expected = 0.0
    for kind, count in found["kinds"].items():
        seconds = [int(path.read_text()) for path in Path("study/.study/seconds", kind).rglob("*") if path.is_file()]
        expected += count * fmean(seconds)
    assert found["seconds"] == pytest.approx(expected)


def test_a_report_in_python_is_that_of_the_command(report: Path, finished_study: Path, tmp_path: Path):
    import mosecrot_cli as mosecrot

    assert mosecrot.run_study(finished_study / "study.toml", jobs=2).left == ()
    folder = mosecrot.report_study(finished_study / "study.toml", output=tmp_path / "again", resamples=200)
    assert (folder / "results.tsv").read_text() == (report / "results.tsv").read_text()
