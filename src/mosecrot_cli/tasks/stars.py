"""Star ratings as sentiment: the grouping of MoSECroT, section 4."""

from __future__ import annotations

from mosecrot_cli.errors import DataError

STAR_COLUMNS = ("stars", "star_rating")
SENTIMENTS = ("negative", "neutral", "positive")
_GROUPS = {1.0: "negative", 2.0: "negative", 3.0: "neutral", 4.0: "positive", 5.0: "positive"}


def sentiment(stars: str, *, where: str) -> str:
    """Group a star rating: 1 and 2 are negative, 3 is neutral, 4 and 5 are positive.

    Args:
        stars: `1` to `5`, also written `4.0`; the name of a sentiment is returned in lower case.
        where: the place, for the message.

    Raises:
        DataError: neither a rating nor a sentiment.
    """
    if stars.lower() in SENTIMENTS:
        return stars.lower()
    try:
        group = _GROUPS.get(float(stars))
    except ValueError:
        group = None
    if group is None:
        raise DataError(
            f"{stars!r} is not a star rating", where=where, hint="use 1 to 5, or negative, neutral, positive"
        )
    return group
