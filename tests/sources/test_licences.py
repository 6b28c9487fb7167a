"""Which licence follows from those of several sources."""

import pytest

from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.licences import derive, hub_licence
from mosecrot_cli.sources.provenance import Provenance

KNOWN = {name: value for name, value in vars(provenance).items() if isinstance(value, Provenance)}
OWN_TERMS = {"GOOGLE", "TAXI1500", "AMAZON"}


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        # The rules of the licences' own texts: CC BY-SA 3.0, section 4(b), allows later versions of itself.
        (["Apache 2.0", "CC BY-SA 3.0", "CC0 1.0"], "cc-by-sa-3.0"),
        (["CC BY-SA 3.0 (Wiktionary)", "CC BY-SA 4.0", "Apache 2.0"], "cc-by-sa-4.0"),
        (["CC BY-NC 4.0", "Apache 2.0"], "cc-by-nc-4.0"),
        (["CC BY-NC 4.0", "CC BY-NC-SA 4.0", "MIT"], "cc-by-nc-sa-4.0"),
        (["CC BY 4.0", "CC BY-SA 3.0"], "cc-by-sa-3.0"),
        (["MIT", "CC0 1.0", "Apache 2.0"], "apache-2.0"),
        (["MIT", "MIT"], "mit"),
        (["CC BY 4.0", "Apache 2.0"], "cc-by-4.0"),
        # The paper's own recipe: a MUSE lexicon and fastText vectors.
        (["CC BY-NC 4.0", "CC BY-SA 3.0", "Apache 2.0"], None),
        (["CC BY-NC-SA 4.0", "CC BY-SA 4.0"], None),
        (["CC BY-NC-ND 4.0", "MIT"], None),
        (["gpl-3.0", "CC BY-SA 4.0"], None),
        (["terms of Google Cloud", "MIT"], None),
        ([None, "MIT"], None),
        ([], None),
    ],
)
def test_what_follows(licences, expected):
    found = derive({f"source {number}": licence for number, licence in enumerate(licences)})
    assert found.licence == expected
    assert found.reason.endswith(".") and (expected is None) == found.reason.startswith("No licence is derived")


def test_a_conflict_names_both_sides():
    reason = derive({"lexicon MUSE": "CC BY-NC 4.0", "vectors wiki": "CC BY-SA 3.0"}).reason
    assert "lexicon MUSE (cc-by-nc-4.0)" in reason and "vectors wiki (cc-by-sa-3.0)" in reason


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_source_has_a_licence_of_the_hub_or_terms_of_its_own(name):
    assert (hub_licence(KNOWN[name].licence) is None) == (name in OWN_TERMS)
