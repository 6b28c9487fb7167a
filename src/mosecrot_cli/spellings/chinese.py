"""Conversion between traditional and simplified characters by OpenCC, if it is installed (the extra `chinese`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import regex

HAN = regex.compile(r"\p{Han}")


@lru_cache(maxsize=4)
def converter(name: str) -> Callable[[str], str] | None:
    """OpenCC's conversion of this name; None if OpenCC is not installed."""
    try:
        from opencc import OpenCC
    except ImportError:
        return None
    convert: Callable[[str], str] = OpenCC(name).convert
    return convert


def to_simplified(text: str) -> str:
    """The text in simplified characters; unchanged if OpenCC (the extra `chinese`) is not installed."""
    return _converted(text, "t2s")


def to_traditional(text: str) -> str:
    """The text in traditional characters; unchanged if OpenCC (the extra `chinese`) is not installed."""
    return _converted(text, "s2t")


def _converted(text: str, name: str) -> str:
    if text.isascii() or not HAN.search(text):
        return text
    convert = converter(name)
    return text if convert is None else convert(text)
