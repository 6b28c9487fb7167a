"""examples/transfer/languages.toml, the study of languages that took no part."""

import shutil
from pathlib import Path

import pytest

from mosecrot_cli.pipeline.study.file import read_study
from mosecrot_cli.pipeline.study.plan import make_plan

STUDY = Path(__file__).parents[2] / "examples" / "transfer" / "languages.toml"
LANGUAGES = ["fo", "nb", "nn", "sv", "ja"]


def test_every_language_has_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(STUDY, ".")
    for language in ["en", *LANGUAGES]:
        splits = [f"sib200/{language}/{split}.tsv" for split in ("train", "dev", "test")]
        vectors = f"vectors/{language}" if language == "ja" else f"vectors/{language}.bin"
        for name in [*splits, f"lexica/{language}.tsv", vectors, "en.npy"]:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).touch()
    plan = make_plan(read_study(Path("languages.toml")))
    rows = {language: {str(run.row) for run in plan.runs if run.language == language} for language in LANGUAGES}
    assert all(found == rows["fo"] for found in rows.values())
    # English labels only are trained on.
    trained = [
        word for job in plan.jobs.values() if job.kind == "finetune" for word in job.words if word.endswith(".tsv")
    ]
    assert trained and all("sib200/en/" in word for word in trained)
