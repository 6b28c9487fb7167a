"""Models of the hub: whose work they are. The hub's own client fetches them."""

from __future__ import annotations

from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.provenance import Provenance

_KNOWN = {"bert-base-cased": provenance.BERT, "bert-base-multilingual-cased": provenance.MULTILINGUAL_BERT}
_OWNER = "google-bert/"


def model_provenance(reference: str) -> Provenance:
    """Licence and citation of a model by its hub id; of one that is not known here, where they are to be found."""
    known = _KNOWN.get(reference.removeprefix(_OWNER))
    return known or provenance.of_card(reference, f"huggingface.co/{reference}")
