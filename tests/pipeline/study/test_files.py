"""Study files: mistakes with their lines, what is shared, the studies of `study init`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import failure_of, output_of
from mosecrot_cli.errors import DataError
from mosecrot_cli.pipeline.study.file import read_study
from mosecrot_cli.pipeline.study.places import line_of, place_of
from mosecrot_cli.pipeline.study.plan import make_plan
from mosecrot_cli.pipeline.study.spoil import shuffle_pairs
from mosecrot_cli.settings.study import StudyName
from pipeline.study.pico_study import SMALL_STUDY, write_study

STUDY = """\
title = "x"
seeds = [1, 2]
source_models = ["pico"]

[tasks.topics]
train = "taxi1500"
epochs = 3

[languages.ru]
test = "taxi1500:ru"
texts = "sib200:ru"

[languages.fo]
test = "taxi1500:fo"

[maps.sparse]
k = 5

[maps.linear]
method = "lstsq"

[[grid]]
anchors = ["all"]
maps = ["sparse", "linear"]
embeddings = ["kept"]

[[grid]]
anchors = ["all"]
maps = ["sparse"]
embeddings = ["trained"]
languages = ["ru"]
"""


def study(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "study.toml"
    assert old in STUDY
    path.write_text(STUDY.replace(old, new, 1) if old else STUDY + new)
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "parts"),
    [
        ("title", "titel", 1, ["unknown key 'titel'", "did you mean 'title'"]),
        ("k = 5", "kk = 5", 17, ["unknown key 'kk'", "did you mean 'k'"]),
        ("k = 5", "k = 0", 17, ["k: '0' is neither a whole number"]),
        ("k = 5", 'weighting = "sparsmax"', 17, ["'sparsmax' is not one of", "did you mean 'sparsemax'"]),
        ("k = 5", "k = [5]", 17, ["k takes one value, not a list"]),
        ("epochs = 3", "epochs = true", 7, ["epochs"]),
        ("epochs = 3", "epochs = 0", 7, ["epochs: 0 is below 1"]),
        ("epochs = 3", 'epochs = "3"', 7, ["epochs: '3' is not a whole number"]),
        ('"kept"', '"trained"', 25, ["'linear' keeps the source embeddings", 'embeddings = ["kept"]']),
        ('"kept"', '"keptt"', 25, ["unknown embeddings 'keptt'", "did you mean 'kept'"]),
        ('["sparse", "linear"]', '["sparse", "lineer"]', 24, ["unknown map 'lineer'", "did you mean 'linear'"]),
        ('languages = ["ru"]', 'languages = ["rus"]', 31, ["unknown language 'rus'"]),
        ('languages = ["ru"]', 'adapt = ["bias"]', 13, ["bias needs unlabelled texts of fo"]),
        ('test = "taxi1500:ru"', 'test = "ru.tsv"', 10, ["there is no file ru.tsv"]),
        ('"taxi1500"', '"taxi150"', 6, ["no file and no data set taxi150", "did you mean taxi1500?"]),
        ('"taxi1500"', '"mine"', 6, ["no file and no data set mine", "there is taxi1500"]),
        ('"sib200:ru"', '"sib20:ru"', 11, ["did you mean sib200:ru?"]),
        ('"sib200:ru"', '"sib200:xx"', 11, ["'xx' is not a known language", "near: xh (Xhosa)"]),
        ('"sib200:ru"', '"sib200:cv"', 11, ["SIB-200 does not have Chuvash"]),
        ('"taxi1500:ru"', '"amazon:ru"', 10, ["the Amazon reviews do not exist in Russian", "de, en, es"]),
        ('"taxi1500:ru"', '"taxi1500:qqq-x-bible"', 10, ["'qqq' is not a known language"]),
        ('"taxi1500"', '"amazon"\ndev = "taxi1500:xx"', 7, ["'xx' is not a known language"]),
        ('texts = "sib200:ru"', 'lexicons = ["panlexx"]', 11, ["no lexicon panlexx", "did you mean panlex?"]),
        ('texts = "sib200:ru"', 'target_vectors = "wikki"', 11, ["no vectors wikki", "did you mean wiki?"]),
        ("[languages.fo]", "[languages.xyzzy]", 13, ["no language 'xyzzy' is known", "target_vectors"]),
        ("seeds = [1, 2]", "seeds = [1, -2]", 2, ["a seed is at least 0"]),
        ("seeds = [1, 2]", 'seeds = ["a"]', 2, ["seeds.0: expected `int`, got `str`"]),
        ("seeds = [1, 2]", "seeds = [1, 1]", 2, ["names something twice"]),
        ("seeds = [1, 2]", "seeds = [1, 2", 3, ["not TOML"]),
        ("[maps.sparse]", '[maps."a b"]', 16, ["cannot be the name of a folder"]),
        ("", '[anchors.bad]\nshuffled = 2.0\n', 33, ["shuffled is a share"]),
        ("", "[[published]]\nrow = 'x'\nlanguage = 'de'\nmacro_f1 = 0.5\n", 34, ["unknown language 'de'"]),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(tmp_path: Path, old: str, new: str, line: int, parts: list[str]):
    path = study(tmp_path, old, new)
    with pytest.raises(DataError) as caught:
        read_study(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: "), message
    assert all(part in message for part in parts), message


def test_a_folder_that_is_spelt_otherwise(tmp_path: Path):
    (tmp_path / "pico-bert").mkdir()
    (tmp_path / "pico-bert" / "config.json").write_text("{}")
    with pytest.raises(DataError, match=r"study.toml:3: there is no folder pico-berd \(did you mean pico-bert\?"):
        read_study(study(tmp_path, '"pico"', '"pico-berd"'))
    read_study(study(tmp_path, '"pico"', '"me/some-model"'))


@pytest.mark.parametrize(
    ("new", "part"),
    [
        ('reference = "all/sparse/kep"\n', "did you mean all/sparse/kept?"),
        ('[ensembles]\ntwo = ["all/sparse/kept", "all/linaer/kept"]\n', "did you mean all/linear/kept?"),
    ],
)
def test_rows_that_are_not_there(tmp_path: Path, new: str, part: str):
    path = tmp_path / "study.toml"
    path.write_text(new + STUDY if new.startswith("reference") else STUDY + new)
    with pytest.raises(DataError, match=part):
        make_plan(read_study(path))


def test_test_data_of_a_language_that_the_task_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MOSECROT_DATA", raising=False)
    path = study(tmp_path, 'test = "taxi1500:fo"', "")
    path.write_text(path.read_text().replace('train = "taxi1500"', 'train = "amazon"'))
    with pytest.raises(DataError, match=r"amazon:fo: the Amazon reviews .* \(add test to \[languages.fo\]\)"):
        make_plan(read_study(path))
    monkeypatch.setenv("MOSECROT_DATA", str(tmp_path))  # which may hold them
    make_plan(read_study(path))


def test_the_source_language_must_be_in_the_training_data(tmp_path: Path):
    path = tmp_path / "study.toml"
    path.write_text('source = "ru"\n' + STUDY.replace('train = "taxi1500"', 'train = "amazon"'))
    with pytest.raises(DataError, match=r"study.toml:7: amazon:ru: the Amazon reviews do not exist in Russian"):
        read_study(path)


def test_shared_steps_run_once(tmp_path: Path):
    plan = make_plan(read_study(study(tmp_path)))
    kinds = [job.kind for job in plan.jobs.values()]
    # Anchors once for each language; the kept model once for each seed, whatever the language and the map.
    assert kinds.count("anchors") == 2
    assert kinds.count("finetune") == 2 + 2
    assert kinds.count("map") == 2 * 2 + 1
    assert kinds.count("stitch") == kinds.count("evaluate") == len(plan.runs) == 2 * 2 * 2 + 2
    assert kinds.count("inspect") == 2
    assert plan.rows == ["all/sparse/kept", "all/linear/kept", "all/sparse/trained"]


def test_a_plan_is_the_same_wherever_it_is_made(tmp_path: Path, monkeypatch):
    (tmp_path / "lexicon.tsv").write_text("a\tb\n")
    path = study(tmp_path, 'test = "taxi1500:fo"', 'test = "taxi1500:fo"\nlexicons = ["lexicon.tsv"]')
    before = [job.target for job in make_plan(read_study(path)).jobs.values()]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study").mkdir()
    assert [job.target for job in make_plan(read_study(Path("study.toml"))).jobs.values()] == before
    Path("lexicon.tsv").write_text("a\tc\n")
    after = [job.target for job in make_plan(read_study(Path("study.toml"))).jobs.values()]
    assert 0 < sum(one != other for one, other in zip(before, after, strict=True)) < len(after)


def test_augmentation_reads_the_maps_of_all_languages(tmp_path: Path):
    plan = make_plan(read_study(study(tmp_path, '["kept"]', '["augmented"]')))
    trained = [job for job in plan.jobs.values() if job.kind == "finetune" and "--augment" in job.words]
    assert len(trained) == 2 * 2
    assert {job.words.count("--augment") for job in trained} == {2}


@pytest.mark.parametrize(
    ("path", "place"),
    [("$.grid[0].maps[1]", ("grid", 0, "maps", 1)), ("$.seeds[...]", ("seeds",)), ("$", ())],
)
def test_places(path: str, place: tuple[str | int, ...]):
    assert place_of(path) == place


def test_lines():
    text = 'a = 1\n[b]\n"c d" = 2\n[[e]]\nf = 1\n[[e]]\nf.g = 2\n'
    assert [line_of(text, place) for place in [("a",), ("b", "c d"), ("e", 0, "f"), ("e", 1, "f", "g"), ("x",)]] == [
        1, 3, 5, 7, 1,
    ]  # fmt: skip


def test_half_of_the_pairs_exchange_their_targets():
    pairs = [(f"s{number}", f"t{number}") for number in range(20)]
    spoilt = shuffle_pairs(pairs, 0.5, 3)
    assert sum(one != other for one, other in zip(pairs, spoilt, strict=True)) == 10
    assert sorted(target for _, target in spoilt) == sorted(target for _, target in pairs)
    assert [source for source, _ in spoilt] == [source for source, _ in pairs]
    assert shuffle_pairs(pairs, 0.5, 3) == spoilt != shuffle_pairs(pairs, 0.5, 4)


@pytest.mark.parametrize("name", [name for name in StudyName if name.startswith("paper")])
def test_the_papers_studies_can_be_planned(name: StudyName, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    output_of(f"study init {name} -q", capsys)
    found = json.loads(output_of(f"study run {name}.toml --dry-run --json", capsys))
    assert found["left"] == found["jobs"] > 200 and found["disk_bytes"] > 1e9 and found["seconds"] > 3600
    told = make_plan(read_study(Path(f"{name}.toml")))
    assert told.study.seeds == [1, 2, 3, 4, 5] and told.study.source_models == ["bert-base-cased"]
    assert "all/sparsemax-50/trained" in told.rows
    assert not (tmp_path / name).exists()


def test_other_studies_name_the_file_that_is_missing(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in StudyName if not name.startswith("paper")]:
        output_of(f"study init {name} -q", capsys)
        assert "there is no file" in failure_of(f"study run {name}.toml --dry-run", 3, capsys)
    assert "exists" in failure_of("study init transfer", 4, capsys)


def test_the_study_of_every_technique_has_its_rows(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    output_of("study init transfer -q", capsys)
    for name in (
        "ru.npy",
        "fr.npy",
        "zh.bin",
        "en.npy",
        "lexica/russian.tsv",
        "lexica/french.tsv",
        "lexica/chinese.tsv",
    ):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    for language in ("eng_Latn", "rus_Cyrl", "fra_Latn", "zho_Hans"):
        for split in ("train", "dev", "test"):
            Path(f"sib200/{language}").mkdir(parents=True, exist_ok=True)
            Path(f"sib200/{language}/{split}.tsv").touch()
    plan = make_plan(read_study(Path("transfer.toml")))
    kept = [row for row in plan.rows if row.startswith("all/") and row.endswith("/kept")]
    assert len(kept) == 15
    # The lexicon's pairs, those that are spoilt, and what is learnt from these.
    spoilt = [job for job in plan.jobs.values() if job.kind == "spoil"]
    assert len(spoilt) == 3 * 3 * 2
    learnt = [job for job in plan.jobs.values() if job.kind == "anchors" and "shuffled-learnt" in job.name]
    assert any("--source-vectors" in job.words and ".spoilt.tsv" in job.command for job in learnt)
    # No label of a target language is trained on but by lr.
    for job in plan.jobs.values():
        trained = [job.words[place + 1] for place, word in enumerate(job.words) if word in ("--train", "--dev")]
        assert job.kind == "baseline" or all("eng_Latn" in name for name in trained)
    assert {run.language for run in plan.runs if str(run.row.anchors).startswith("identical")} == {"fr"}


def test_grids_of_one_title_share_a_table_and_baselines_are_in_the_first(tmp_path: Path):
    given = STUDY.replace("[[grid]]", '[[grid]]\ntitle = "First"', 1) + "[maps.other]\nk = 7\n"
    for title, name in (("Second", "other"), ("First", "other"), ("Second", "sparse")):
        embeddings = "trained" if title == "First" else "kept"
        given += f'[[grid]]\ntitle = "{title}"\nanchors = ["all"]\nmaps = ["{name}"]\nembeddings = ["{embeddings}"]\n'
    path = tmp_path / "study.toml"
    path.write_text('baselines = ["unstitched"]\n' + given)
    assert make_plan(read_study(path)).tables == {
        "First": ["unstitched", "all/sparse/kept", "all/linear/kept", "all/other/trained"],
        "": ["all/sparse/trained"],
        "Second": ["all/sparse/kept", "all/other/kept"],
    }


@pytest.mark.parametrize("folder", [True, False])
def test_a_study_does_not_work_in_what_is_not_its_own(folder: bool, world: Path, capsys):
    path = write_study(world)
    other = path.with_suffix("") / "data.tsv" if folder else path.with_suffix("")
    other.parent.mkdir(exist_ok=True)
    other.write_text("mine")
    for line in ("study run study.toml", "study run study.toml --dry-run"):
        assert "holds other files" in failure_of(line, 4, capsys)
    assert other.read_text() == "mine" and len(list(world.glob("study*/*"))) == folder


def test_gpus_that_are_not_there(world: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    write_study(world)
    assert "--gpus: cuda:0 is not available" in failure_of("study run study.toml --gpus 0,1", 2, capsys)


def test_a_map_can_be_aligned(tmp_path: Path, world: Path, capsys: pytest.CaptureFixture[str]):
    path = write_study(world, SMALL_STUDY)
    text = path.read_text()
    aligned = text.replace("k = 5\n", "k = 5\nalign = { epochs = 1 }\n")
    with_text = aligned.replace('test = "xx', 'parallel = ["parallel.tsv", "en.v,xx.v"]\ntest = "xx')
    path.write_text(aligned)
    assert "the map 'k5' needs parallel text of xx" in failure_of("study run study.toml --dry-run", 3, capsys)
    path.write_text(with_text)
    assert "no such file" in failure_of("study run study.toml --dry-run", 3, capsys)
    for name in ("en.v", "xx.v"):
        Path(name).write_text("v1\ta\n")
    for old, new, answer in (
        ("epochs = 1 }", "epoch = 1 }", "did you mean 'epochs'?"),
        ("epochs = 1 }", "epochs = 0 }", "epochs: 0 is below 1"),
        ('["kept"]', '["trained"]', "F^s cannot be trained"),
    ):
        path.write_text(with_text.replace(old, new))
        assert answer in failure_of("study run study.toml --dry-run", 3, capsys)
    path.write_text(with_text)
    plan = make_plan(read_study(path))
    (job,) = (each for each in plan.jobs.values() if each.kind == "align")
    assert job.reads == ("../parallel.tsv", "../en.v", "../xx.v", "../xx.test.tsv")
    assert "--parallel ../parallel.tsv --parallel ../en.v,../xx.v --exclude ../xx.test.tsv --epochs 1" in job.command
    (stitched,) = (each for each in plan.jobs.values() if each.kind == "stitch")
    assert job in stitched.after and str(job.output) in stitched.words
    (inspected,) = plan.checks.values()
    assert str(job.output) in inspected.words
    Path("xx.v").write_text("v1\tb\n")
    assert job.mark not in {each.mark for each in make_plan(read_study(path)).jobs.values()}
