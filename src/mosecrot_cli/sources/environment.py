"""What the hub's own client is told: it reads its environment when it is imported, which is after the options are."""

from __future__ import annotations

import os

from mosecrot_cli.sources.cache import HUB_OFFLINE, is_offline
from mosecrot_cli.sources.endpoints import ENVIRONMENT, HUB_ENDPOINT, load_endpoints


def tell_the_hub() -> None:
    """Hand on the hub's address of MOSECROT_ENDPOINTS, and that nothing may be fetched, to models and data sets.

    Raises:
        DataError, UsageError: see `endpoints.load_endpoints`.
    """
    if os.environ.get(ENVIRONMENT):
        os.environ[HUB_ENDPOINT] = load_endpoints().hub
    if is_offline():
        os.environ[HUB_OFFLINE] = "1"
