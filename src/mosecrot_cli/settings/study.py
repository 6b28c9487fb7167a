"""Settings of `mosecrot study init`, `run` and `report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import Choice
from mosecrot_cli.settings.option import COMPUTE, OUTPUT, SCORES, Argument, Nested, Option, numbers
from mosecrot_cli.settings.shared import OutputSettings, Overwrite

StudyFile = Annotated[Path, Argument(help="The study: a TOML file.", metavar="FILE")]


class StudyName(Choice):
    """The studies that `study init` can write, each a file of `pipeline/study/templates`."""

    table1 = "paper-table1", "the paper's maps and baselines on Taxi1500"
    table2 = "paper-table2", "the same on the Amazon reviews"
    table3 = "paper-table3", "the number of nearest anchors, k"
    table4 = "paper-table4", "the number of anchors, and stop words"
    sib200 = "sib200-tables", "the four tables on SIB-200, with a small model"
    transfer = "transfer", "every technique beyond the paper, with few, false and learnt anchors"
    recipes = "recipes", "each part of the recommended recipe, with rich and poor material"
    reviews = "reviews", "the recommended recipe on Amazon reviews, with 2,500 test texts a language"
    own = "my-language", "a small study of one language, from your own files"


@dataclass(frozen=True, kw_only=True)
class StudyInitSettings:
    """`mosecrot study init`.

    Attributes:
        name: the study to write.
        output: where to write it; None: `NAME.toml` in the current folder.
        overwrite: replace an existing file.
    """

    name: Annotated[StudyName, Argument(help="Which study to write.", metavar="NAME")]
    output: Annotated[
        Path | None,
        Option("-o", "--output", help="Where to write it.", panel=OUTPUT, metavar="FILE", unset="NAME.toml"),
    ] = None
    overwrite: Overwrite = False


@dataclass(frozen=True, kw_only=True)
class StudyRunSettings:
    """`mosecrot study run`.

    Attributes:
        file: the study.
        jobs: how many steps run at the same time.
        profile: `slurm`, or a folder with a Snakemake profile; None: this machine.
        gpus: numbers of the GPUs that the steps are spread over, one step on each.
        dry_run: say what would be done.
    """

    file: StudyFile
    jobs: Annotated[
        int | None,
        Option(
            "--jobs",
            help="Number of steps that run at the same time.",
            panel=COMPUTE,
            metavar="N",
            least=1,
            unset="1 here, 100 on a cluster",
        ),
    ] = None
    profile: Annotated[
        str | None,
        Option(
            "--profile",
            help="Where the steps run: slurm, or a folder with a Snakemake profile.",
            panel=COMPUTE,
            metavar="slurm|DIR",
            unset="on this machine",
        ),
    ] = None
    gpus: Annotated[
        tuple[int, ...],
        Option(
            "--gpus",
            help="Spread the steps over these GPUs, one step at a time on each.",
            panel=COMPUTE,
            metavar="0,1",
            parser=numbers,
            unset="every step chooses its device",
        ),
    ] = ()
    dry_run: Annotated[bool, Option("--dry-run", help="Report steps, disk and time; run nothing.", panel=OUTPUT)] = (
        False
    )


@dataclass(frozen=True, kw_only=True)
class StudyReportSettings:
    """`mosecrot study report`.

    Attributes:
        file: the study.
        reference: the row that all others are compared with; None: that of the study, else its first row.
        resamples: of each paired bootstrap.
        out: the folder of the report.
    """

    file: StudyFile
    reference: Annotated[
        str | None,
        Option(
            "--reference",
            help="Row that the others are compared with, as in all/sparsemax-50/kept.",
            panel=SCORES,
            metavar="ROW",
            unset="that of the study, else its first row",
        ),
    ] = None
    resamples: Annotated[
        int, Option("--resamples", help="Resamples of each bootstrap.", panel=SCORES, metavar="N", least=100)
    ] = 2_000
    out: Annotated[
        OutputSettings,
        Nested(
            "if_changed",
            "dry_run",
            output=Option(
                "-o",
                "--output",
                help="Folder of the report; report stands for report/ in the study's folder.",
                panel=OUTPUT,
                metavar="DIR",
            ),
        ),
    ] = OutputSettings(Path("report"))
