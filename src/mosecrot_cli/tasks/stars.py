"""Star ratings as sentiment: the grouping of MoSECroT, section 4."""

from __future__ import annotations

from mosecrot_cli.errors import DataError

STAR_COLUMNS = ("stars", "star_rating")
SENTIMENTS = ("negative", "neutral", "positive")
_GROUPS = {1.0: "negative", 2.0: "negative", 3.0: "neutral", 4.0: "positive", 5.0: "positive"}


def sentiment(stars: str, *, where: str) -> str:
    """Group a number of stars: 1-2 negative, 3 neutral, 4-5 positive.

    Args:
        stars: `1` to `5`, also as `4.0`; a sentiment that was grouped already stays.
        where: place, for the message.

    Raises:
        DataError: neither.
    """
    if stars.lower() in SENTIMENTS:
        return stars.lower()
    try:
        group = _GROUPS.get(float(stars))
    except ValueError:
        group = None
    if group is None:
        raise DataError(f"{stars!r} is no number of stars", where=where, hint="1 to 5, or negative, neutral, positive")
    return group
