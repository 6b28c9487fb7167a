"""Codes of languages as the named data sets use them.

A small table for the languages of the paper (de es zh fo mt nds sah tt) and of the examples; codes that it does not
hold are passed on as given. A maintained library of codes is to take its place together with the online sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FLORES = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


@dataclass(frozen=True, slots=True)
class Language:
    """A language and its names in the data sets.

    Attributes:
        code: ISO 639-1 where there is one, else ISO 639-3: what the commands take (`--src en --tgt tt`).
        name: English name.
        iso639_3: three-letter codes that start the names of Bible editions, the usual one first.
        flores: code of SIB-200 (from FLORES-200), None where SIB-200 lacks the language.
    """

    code: str
    name: str
    iso639_3: tuple[str, ...]
    flores: str | None


_TABLE = (
    Language("en", "English", ("eng",), "eng_Latn"),
    Language("de", "German", ("deu",), "deu_Latn"),
    Language("es", "Spanish", ("spa",), "spa_Latn"),
    Language("zh", "Chinese", ("zho", "cmn"), "zho_Hans"),
    Language("fo", "Faroese", ("fao",), "fao_Latn"),
    Language("mt", "Maltese", ("mlt",), "mlt_Latn"),
    Language("nds", "Eastern Low German", ("nds",), None),
    Language("sah", "Yakut", ("sah",), None),
    Language("tt", "Tatar", ("tat",), "tat_Cyrl"),
    Language("fr", "French", ("fra",), "fra_Latn"),
    Language("ru", "Russian", ("rus",), "rus_Cyrl"),
    Language("ja", "Japanese", ("jpn",), "jpn_Jpan"),
)
_BY_CODE = {code: language for language in _TABLE for code in (language.code, *language.iso639_3)}


def find_language(code: str) -> Language:
    """The language of a code: `tt`, `tat` or `tat_Cyrl`; an unknown code stands for itself in every data set.

    A FLORES code keeps its script (`zho_Hant` stays traditional Chinese).
    """
    if _FLORES.fullmatch(code):
        known = _BY_CODE.get(code[:3])
        if known:
            return Language(known.code, known.name, known.iso639_3, code)
        return Language(code, code, (code[:3],), code)
    return _BY_CODE.get(code.lower()) or Language(code, code, (code,), code)
