"""The provenance of each source: its licence and what to cite."""

from __future__ import annotations

from dataclasses import dataclass

from mosecrot_cli.files import replacing
from mosecrot_cli.sources.fetch import Fetcher


@dataclass(frozen=True, slots=True)
class Provenance:
    """A source of data.

    Attributes:
        name: its name.
        home: where it is described.
        licence: the licence of its data.
        citation: what to cite.
    """

    name: str
    home: str
    licence: str
    citation: str

    @property
    def notes(self) -> dict[str, str]:
        """Licence and citation, for a data set and the manifests of outputs made from it."""
        return {"licence": self.licence, "citation": self.citation}

    def __str__(self) -> str:
        return f"{self.name} ({self.home}); licence: {self.licence}; cite {self.citation}"


MUSE = Provenance(
    "MUSE",
    "github.com/facebookresearch/MUSE",
    "CC BY-NC 4.0",
    "Conneau et al. (2018), Word Translation Without Parallel Data, arXiv 1710.04087",
)
PANLEX = Provenance(
    "PanLex",
    "panlex.org",
    "CC0 1.0",
    "Kamholz et al. (2014), PanLex: Building a Resource for Panlingual Lexical Translation, LREC",
)
GOOGLE = Provenance(
    "Google Translate",
    "cloud.google.com/translate",
    "terms of Google Cloud",
    "Google Cloud Translation, with the date of use",
)
WIKTIONARY = Provenance(
    "Wiktionary dictionaries of WECHSEL",
    "github.com/CPJKU/wechsel",
    "CC BY-SA 3.0 (Wiktionary)",
    "Minixhofer et al. (2022), WECHSEL, NAACL, aclanthology.org/2022.naacl-main.293",
)
FASTTEXT_WIKI = Provenance(
    "fastText vectors of Wikipedia",
    "fasttext.cc/docs/en/pretrained-vectors.html",
    "CC BY-SA 3.0",
    "Bojanowski et al. (2017), Enriching Word Vectors with Subword Information, arXiv 1607.04606",
)
FASTTEXT_CRAWL = Provenance(
    "fastText vectors of 157 languages",
    "fasttext.cc/docs/en/crawl-vectors.html",
    "CC BY-SA 3.0",
    "Grave et al. (2018), Learning Word Vectors for 157 Languages, arXiv 1802.06893",
)
FASTTEXT_HUB = Provenance(
    "fastText vectors on the Hugging Face hub",
    "huggingface.co/facebook",
    "CC BY-SA 3.0",
    "Grave et al. (2018), Learning Word Vectors for 157 Languages, arXiv 1802.06893",
)
TAXI1500 = Provenance(
    "Taxi1500",
    "github.com/cisnlp/Taxi1500",
    "labels: Apache 2.0; each edition of the Bible has its own",
    "Ma et al. (2023), Taxi1500, arXiv 2305.08487",
)
SIB200 = Provenance(
    "SIB-200",
    "github.com/dadelani/sib-200",
    "CC BY-SA 4.0",
    "Adelani et al. (2024), SIB-200, EACL, arXiv 2309.07445",
)
AMAZON = Provenance(
    "Multilingual Amazon Reviews Corpus",
    "registry.opendata.aws/amazon-reviews-ml",
    "Amazon's own: non-commercial research only (docs.opendata.aws/amazon-reviews-ml/license.txt)",
    "Keung et al. (2020), The Multilingual Amazon Reviews Corpus, EMNLP, aclanthology.org/2020.emnlp-main.369",
)
_BERT_CITATION = "Devlin et al. (2019), BERT, NAACL, arXiv 1810.04805"
BERT = Provenance("BERT (bert-base-cased)", "huggingface.co/bert-base-cased", "Apache 2.0", _BERT_CITATION)
MULTILINGUAL_BERT = Provenance(
    "Multilingual BERT (bert-base-multilingual-cased)",
    "huggingface.co/bert-base-multilingual-cased",
    "Apache 2.0",
    _BERT_CITATION,
)


_MODELS = {"bert-base-cased": BERT, "bert-base-multilingual-cased": MULTILINGUAL_BERT}
KNOWN_MODELS = frozenset(_MODELS.values())
"""Models whose licence and citation are recorded here."""
_BERT_OWNER = "google-bert/"


def of_model(reference: str) -> Provenance:
    """Licence and citation of a model by its hub id; for a model that is not known here, a pointer to its card."""
    known = _MODELS.get(reference.removeprefix(_BERT_OWNER))
    return known or of_card(reference, f"huggingface.co/{reference}")


def of_card(name: str, home: str) -> Provenance:
    """The provenance of a model or data set of the hub that is not known here: it points to the card."""
    return Provenance(name, home, "see its card", "see its card")


def announce(provenance: Provenance, fetcher: Fetcher) -> None:
    """Show the licence and citation of a source the first time that this cache receives something from it."""
    marker = fetcher.cache / "licences" / f"{provenance.name.replace('/', '--').replace(':', '-')}.txt"
    if marker.exists():
        return
    fetcher.reporter.warn(str(provenance))
    with replacing(marker) as partial:
        partial.write_text(f"{provenance}\n", encoding="utf-8")
