"""Names, languages, presets, and what a data set knows of itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.tasks.loading import load_split
from mosecrot_cli.tasks.presets import TrainingPreset
from mosecrot_cli.tasks.registry import DATASETS, preset_for
from mosecrot_cli.tasks.types import require_known_labels


@pytest.mark.parametrize(
    ("code", "short", "iso", "flores"),
    [
        ("en", "en", "eng", "eng_Latn"),
        ("ENG", "en", "eng", "eng_Latn"),
        ("rus_Cyrl", "ru", "rus", "rus_Cyrl"),
        ("zh", "zh", "zho", "zho_Hans"),
        ("cmn", "zh", "zho", "zho_Hans"),
        ("zho_Hant", "zh", "zho", "zho_Hant"),
        ("nds", "nds", "nds", None),
        ("bak_Cyrl", "ba", "bak", "bak_Cyrl"),
        ("xyz", "xyz", "xyz", "xyz"),
    ],
)
def test_languages(code: str, short: str, iso: str, flores: str | None) -> None:
    language = find_language(code)
    assert (language.code, language.iso639_3[0], language.flores) == (short, iso, flores)


def test_every_language_of_the_paper_is_known() -> None:
    for code in ("de", "es", "zh", "fo", "mt", "nds", "sah", "tt"):
        assert find_language(code).name != code


def test_presets() -> None:
    assert preset_for("taxi1500") == preset_for("taxi1500:de") == TrainingPreset(15, 1e-5, 32, 100)
    assert preset_for("amazon:en") == DATASETS["amazon"].preset
    assert preset_for("amazon").learning_rate == 1e-5
    for spec in ("train.tsv", "sib200:en", "hf:amazon", "./amazon", "-"):
        assert preset_for(spec) == TrainingPreset(8, 5e-5, 16, 128)


def test_a_name_needs_a_language_and_a_known_split() -> None:
    with pytest.raises(UsageError, match=r"sib200: the language is missing .*sib200:en"):
        load_split("sib200", "test")
    with pytest.raises(UsageError, match="there is no split 'validation'"):
        load_split("sib200:en", "validation")


def test_a_file_may_be_called_like_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("amazon").write_text("text\tlabel\na\tx\n")
    dataset = load_split("./amazon", "train", language="eng")
    assert (dataset.texts, dataset.language, dataset.source) == (("a",), "en", "./amazon")


def test_labels_unknown_to_a_model(tmp_path: Path) -> None:
    path = tmp_path / "d.tsv"
    path.write_text("text\tlabel\na\tx\nb\ty\nc\tx\n")
    dataset = load_split(str(path), "test")
    assert dataset.label_names == ("x", "y")
    assert len(dataset) == 3
    require_known_labels(dataset, ["y", "x"], owner="model")
    with pytest.raises(DataError, match=r"d\.tsv:3: the label 'y' is unknown to model \(its labels are x, z\)"):
        require_known_labels(dataset, ["z", "x"], owner="model")


def test_importing_is_light() -> None:
    """`mosecrot --help` imports the presets: nothing that computes may come with them."""
    heavy = ("numpy", "datasets", "torch", "pandas", "httpx", "langcodes")
    code = f"import sys; sys.path[:0] = {sys.path!r}; import mosecrot_cli.tasks.registry"
    code += f"; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
