"""Where arrays are computed, and how much room a block of them may take there."""

from __future__ import annotations

import torch

from mosecrot_cli.errors import UsageError

_MIB = 1 << 20


def torch_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        UsageError: there is no such device on this machine.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"no such device here: {name}") from error
    return device


def exact_device(device: torch.device) -> torch.device:
    """The device itself where it has float64, else the CPU (Apple's GPUs have none)."""
    return torch.device("cpu") if device.type == "mps" else device


def scratch_bytes(device: torch.device) -> int:
    """How large a temporary array may be: 256 MiB, on a CUDA device up to 2 GiB but a quarter of what is free."""
    if device.type == "cuda":
        return min(2048 * _MIB, torch.cuda.mem_get_info(device)[0] // 4)
    return 256 * _MIB
