"""Languages: from any code or name to the name that each source uses. This is the only table of languages.

Codes and names come from `langcodes` (CLDR and ISO 639); the tables here list where a source differs.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache

import langcodes

from mosecrot_cli.errors import UsageError
from mosecrot_cli.sources.listings import CRAWL, MUSE, MUSE_EUROPEAN, SIB200, WIKI

_FLORES = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
_CODE = re.compile(r"[a-z]{2,3}")
_NEAR = 5

# PanLex and FLORES name the individual language where ISO 639-1 names a macrolanguage.
_INDIVIDUAL = {
    "ar": "arb", "az": "azj", "et": "ekk", "fa": "pes", "lv": "lvs", "mg": "plt", "mn": "khk", "ms": "zsm",
    "ne": "npi", "no": "nob", "om": "gaz", "or": "ory", "ps": "pbt", "qu": "quy", "sq": "als", "sw": "swh",
    "uz": "uzn", "yi": "ydd", "zh": "cmn", "ay": "ayr", "ku": "kmr", "nb": "nob", "tl": "tgl", "fil": "tgl",
    "sh": "hbs",
}  # fmt: skip
_FLORES_CODES = {"zh": "zho_Hans", "et": "est_Latn", "yue": "yue_Hant"}
_WIKI_CODES = {
    "nb": "no", "yue": "zh_yue", "nan": "zh_min_nan", "lzh": "zh_classical", "fil": "tl", "rup": "roa_rup",
    "sgs": "bat_smg", "vro": "fiu_vro", "cbk": "cbk_zam", "gsw": "als", "nah": "nah",
}  # fmt: skip
_CRAWL_CODES = {"nb": "no", "fil": "tl", "gsw": "als"}
_MUSE_CODES = {"nb": "no", "fil": "tl"}
_GOOGLE_CODES = {"zh": "zh-CN", "nb": "no", "fil": "tl"}
# English names of Wiktionary that differ from those of CLDR.
_WIKTIONARY_NAMES = {
    "sr": "serbo_croatian", "hr": "serbo_croatian", "bs": "serbo_croatian", "sh": "serbo_croatian",
    "fil": "tagalog", "tl": "tagalog", "si": "sinhalese", "or": "oriya", "ku": "northern kurdish", "bn": "bengali",
    "cu": "old church slavonic", "diq": "zazaki", "dv": "dhivehi", "gom": "konkani", "kj": "kwanyama",
    "kl": "greenlandic", "kv": "komi_zyrian", "mi": "maori", "mus": "creek", "ny": "chichewa", "os": "ossetian",
    "pam": "kapampangan", "tw": "akan",
}  # fmt: skip
_NAMES = {"nds": "Eastern Low German", "sh": "Serbo-Croatian"}
_OTHER_ISO = {"zh": ("zho", "cmn"), "sh": ("hbs",)}
# Codes that langcodes returns, and the codes that the sources use for them.
_OTHER_CODES = {"cmn": "zh", "sr-Latn": "sh"}


@dataclass(frozen=True, slots=True)
class Language:
    """A language and its names in the sources; a name is None if the source lacks the language.

    Attributes:
        code: the ISO 639-1 code, or else ISO 639-3, as commands take it (`--src en --tgt tt`).
        name: English name.
        iso639_3: three-letter codes that start the names of Bible editions, the usual one first.
        flores: code of SIB-200 (from FLORES-200).
        panlex: PanLex's language variety, the commonest one (`tat-000`).
        google: Google Translate's code.
        wiktionary: the name of WECHSEL's Wiktionary dictionary.
        wiki: the XX of `wiki.XX.vec`.
        crawl: the XX of `cc.XX.300`.
        hub: the XX of the hub's `facebook/fasttext-XX-vectors`.
        muse: MUSE's code.
        known: whether it is a known language; an unknown code is used unchanged for every source.
    """

    code: str
    name: str
    iso639_3: tuple[str, ...]
    flores: str | None
    panlex: str = ""
    google: str = ""
    wiktionary: str = ""
    wiki: str | None = None
    crawl: str | None = None
    hub: str = ""
    muse: str | None = None
    known: bool = False


def find_language(text: str) -> Language:
    """The language of a code or an English name: `tt`, `tat`, `tat-000`, `tat_Cyrl`, `Tatar`, `wiki.tt.vec`.

    Any other text is used unchanged for every source (`known` is False), as files of the user may be in any language.
    A FLORES code keeps its script (`zho_Hant` stays traditional Chinese).
    """
    code = _code_of(text)
    if code is None:
        return Language(text, text, (text[:3] if _FLORES.fullmatch(text) else text,), text)
    return _describe(code, text if _FLORES.fullmatch(text) else None)


def require_language(text: str, option: str) -> Language:
    """Find a language, which must be known.

    Raises:
        UsageError: there is no such language; the message suggests similar ones.
    """
    language = find_language(text)
    if language.known:
        return language
    near = near_languages(text)
    hint = f"near: {', '.join(near)}" if near else "give an ISO 639 code or an English name, such as tt, tat or Tatar"
    raise UsageError(f"no language {text!r} is known", where=option, hint=hint)


def near_languages(text: str) -> list[str]:
    """Languages with vectors whose code or name is similar to `text`, in the form `tt (Tatar)`."""
    choices = _choices()
    near = difflib.get_close_matches(text.casefold(), choices, n=_NEAR, cutoff=0.5)
    return list(dict.fromkeys(choices[match] for match in near))


def in_muse(source: Language, target: Language) -> bool:
    """Whether MUSE has a dictionary from one language to the other."""
    codes = {source.muse, target.muse}
    if None in codes or len(codes) == 1:
        return False
    return "en" in codes or codes <= MUSE_EUROPEAN


def _code_of(text: str) -> str | None:
    plain = text.strip()
    match = re.fullmatch(r"(?:wiki\.|cc\.)([a-z_]+)(?:\.300)?(?:\.vec|\.bin)?(?:\.gz)?", plain)
    if match:
        return _code_of({own: code for code, own in _WIKI_CODES.items()}.get(match[1], match[1]))
    head = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_](?:\d{3}|[A-Za-z]{4}))?", plain)
    if head:
        return _valid(head[1].lower())
    try:
        return _valid(langcodes.find(plain, "en").language or "")
    except LookupError:
        return None


def _valid(code: str) -> str | None:
    if not _CODE.fullmatch(code) or not langcodes.tag_is_valid(code):
        return None
    short = langcodes.standardize_tag(code)
    if short in _OTHER_CODES:
        return _OTHER_CODES[short]
    return short if langcodes.Language.get(short).language_name() and not _is_nameless(short) else None


def _is_nameless(code: str) -> bool:
    return langcodes.Language.get(code).language_name("en").startswith("Unknown language")


@lru_cache(maxsize=256)
def _describe(code: str, flores: str | None) -> Language:
    tag = langcodes.Language.get(code)
    iso = tag.to_alpha3()
    name = tag.language_name("en")
    wiki, crawl = _WIKI_CODES.get(code, code), _CRAWL_CODES.get(code, code)
    muse = _MUSE_CODES.get(code, code)
    script = tag.maximize().script
    individual = _INDIVIDUAL.get(code, iso)
    sib = _FLORES_CODES.get(code, f"{individual}_{script}")
    return Language(
        code=code,
        name=_NAMES.get(code, name),
        iso639_3=_OTHER_ISO.get(code, (iso,) if individual == iso else (iso, individual)),
        flores=flores or (sib if sib in SIB200 else None),
        panlex=f"{individual}-000",
        google=_GOOGLE_CODES.get(code, code),
        wiktionary=_WIKTIONARY_NAMES.get(code, name.lower().replace("-", "_")),
        wiki=wiki if wiki in WIKI else None,
        crawl=crawl if crawl in CRAWL else None,
        hub=crawl,
        muse=muse if muse in MUSE or muse == "en" else None,
        known=True,
    )


@lru_cache(maxsize=1)
def _choices() -> dict[str, str]:
    """Code and lower-case name of each language with vectors -> how it is shown."""
    found: dict[str, str] = {}
    for own in sorted(WIKI | CRAWL):
        language = find_language(own)
        if language.known:
            shown = f"{language.code} ({language.name})"
            found[language.code] = shown
            found[language.name.casefold()] = shown
    return found
