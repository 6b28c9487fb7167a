"""Which device computes, in which arithmetic; everything that can be wrong with the choice is said here.

This module imports torch only when a device is resolved, so that a misspelt option is answered at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mosecrot_cli.errors import MosecrotError, UsageError
from mosecrot_cli.settings import ComputeSettings, Precision

if TYPE_CHECKING:
    from torch.nn import Module

_DEVICE = re.compile(r"auto|cpu|mps|cuda(?::(\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is there, and the arithmetic to use on it.

    Attributes:
        name: as torch writes it, always with a number on CUDA: `cpu`, `mps`, `cuda:0`.
        precision: fp32, bf16 or fp16; the last two by autocast, with weights in float32. On a CPU it may be auto, which
            is float32 until `for_model` has settled it.
        description: for the user.
        rechecks: whether inference computes near ties again in float32, so that its answers are those of float32.

    """

    name: str
    precision: Precision
    description: str
    rechecks: bool = False

    @property
    def kind(self) -> str:
        """`cpu`, `mps` or `cuda`."""
        return self.name.partition(":")[0]

    def autocast(self) -> AbstractContextManager[Any]:
        """A context in which forward passes run in the device's precision."""
        if self.precision in {Precision.auto, Precision.fp32}:
            return nullcontext()
        import torch

        dtype = torch.bfloat16 if self.precision is Precision.bf16 else torch.float16
        return torch.autocast(self.kind, dtype=dtype)

    def for_model(self, model: Module, pays: Callable[[Module], bool] | None = None) -> Device:
        """The device with `auto` settled for a model: bf16 on a CPU that is faster in it, else fp32.

        Args:
            model: what is to be trained or asked.
            pays: whether bf16 is worth it for the model; None: a short measurement tells
                (`reduced_precision.bf16_pays`).
        """
        if self.precision is not Precision.auto:
            return self
        from mosecrot_cli.model.reduced_precision import bf16_pays

        chosen = Precision.bf16 if (pays or bf16_pays)(model) else Precision.fp32
        return replace(
            self, precision=chosen, description=f"{self.name}, {chosen.value}", rechecks=chosen is Precision.bf16
        )

    def exact(self) -> Device:
        """The same device in float32."""
        return replace(self, precision=Precision.fp32, description=f"{self.name}, fp32", rechecks=False)


def check_compute(settings: ComputeSettings) -> None:
    """Check what can be checked without torch: spelling, and options that exclude each other.

    Raises:
        UsageError: the settings make no sense on any machine.

    """
    if not _DEVICE.fullmatch(settings.device):
        raise UsageError(
            f"unknown device {settings.device!r}", where="`device`", hint="auto, cpu, cuda, cuda:N (N = 0, 1, …) or mps"
        )
    if settings.gpus and settings.device not in {"auto", "cuda"}:
        raise UsageError(f"`gpus` and `device={settings.device}` exclude each other", hint="give one of them")
    if settings.precision is Precision.fp16 and settings.device in {"cpu", "mps"}:
        raise UsageError(f"fp16 needs a CUDA GPU, not {settings.device}", where="`precision`", hint="bf16 or fp32")


def resolve_device(settings: ComputeSettings) -> Device:
    """The device that these settings mean on this machine.

    `cuda` without a number is the first visible GPU and only that one. `auto` is the first GPU, else Apple's mps, else
    the CPU. With several `gpus` it is the first of them; all of them are checked. Numbers count the GPUs that
    CUDA_VISIBLE_DEVICES leaves visible.

    Raises:
        UsageError: unknown or unavailable device, or a precision that it does not have.

    """
    check_compute(settings)
    name = _choose(settings)
    precision = _precision(settings.precision, name)
    return Device(name, precision, f"{_title(name, settings.gpus)}, {precision.value}")


def available_devices() -> list[str]:
    """Names of the devices that torch sees here, the CPU first."""
    import torch

    names = ["cpu"]
    if torch.backends.mps.is_available():
        names.append("mps")
    if torch.cuda.is_available():
        names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return names


@contextmanager
def memory_errors(hint: str) -> Iterator[None]:
    """Tell of a device that runs out of memory in one line, with `hint`."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MosecrotError("the device has not enough memory", hint=hint) from error


def _choose(settings: ComputeSettings) -> str:
    available = available_devices()
    wanted = [f"cuda:{number}" for number in settings.gpus] or [settings.device]
    if wanted == ["auto"]:
        return next((name for name in ("cuda:0", "mps") if name in available), "cpu")
    if wanted == ["cuda"]:
        wanted = ["cuda:0"]
    for name in wanted:
        if name not in available:
            option = "`gpus`" if settings.gpus else "`device`"
            raise UsageError(f"{name} is not available", where=option, hint="this machine has: " + ", ".join(available))
    return wanted[0]


def _precision(wanted: Precision, name: str) -> Precision:
    import torch

    if name.startswith("cuda"):
        with torch.cuda.device(int(name.partition(":")[2])):
            has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        if wanted is Precision.bf16 and not has_bf16:
            raise UsageError(f"{name} has no bf16", where="`precision`", hint="fp16 or fp32")
        if wanted is Precision.auto:
            return Precision.bf16 if has_bf16 else Precision.fp32
        return wanted
    if wanted is Precision.fp16:
        raise UsageError(f"fp16 needs a CUDA GPU, not {name}", where="`precision`", hint="bf16 or fp32")
    return Precision.fp32 if wanted is Precision.auto and name != "cpu" else wanted


def _title(name: str, gpus: tuple[int, ...]) -> str:
    import torch

    if not name.startswith("cuda"):
        return name
    product = torch.cuda.get_device_name(int(name.partition(":")[2]))
    numbers = ", ".join(map(str, gpus))
    return f"{len(gpus)} GPUs ({numbers}; {product})" if len(gpus) > 1 else f"{name} ({product})"
