"""The choice of a device: spelling, availability, and one device only for the Trainer (GPUs are simulated)."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext

import pytest
import torch
from accelerate import PartialState

from mosecrot_cli.errors import MosecrotError, UsageError
from mosecrot_cli.model.devices import (
    Device,
    available_devices,
    check_compute,
    memory_errors,
    resolve_device,
)
from mosecrot_cli.settings import ComputeSettings, Precision


@pytest.fixture
def gpus(monkeypatch):
    """Four GPUs that have bf16, as far as anybody asks."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index=None: "Simulated")
    monkeypatch.setattr(torch.cuda, "device", lambda index: nullcontext())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: chosen.append(str(device)))
    return chosen


@pytest.fixture
def no_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "CPU", "", "cuda:0,1", "mps:0"])
def test_an_unknown_device_is_wrong_usage(device):
    with pytest.raises(UsageError, match="cuda:N"):
        check_compute(ComputeSettings(device))


@pytest.mark.parametrize(
    "settings",
    [
        ComputeSettings("cpu", gpus=(0, 1)),
        ComputeSettings("cuda:1", gpus=(0, 1)),
        ComputeSettings("cpu", precision=Precision.fp16),
    ],
)
def test_options_that_exclude_each_other(settings):
    with pytest.raises(UsageError):
        check_compute(settings)


def test_spelling_is_checked_without_torch():
    script = (
        "import sys\n"
        "from mosecrot_cli.errors import UsageError\n"
        "from mosecrot_cli.model.devices import resolve_device\n"
        "from mosecrot_cli.settings import ComputeSettings\n"
        "try:\n    resolve_device(ComputeSettings('gpu'))\n"
        "except UsageError:\n    print('torch' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


@pytest.mark.usefixtures("no_gpus")
@pytest.mark.parametrize(("pays", "precision"), [(True, Precision.bf16), (False, Precision.fp32)])
def test_without_a_gpu_auto_is_the_cpu_in_the_precision_that_pays_for_the_model(pays, precision):
    assert available_devices() == ["cpu"]
    model = torch.nn.Linear(2, 2)
    device = resolve_device(ComputeSettings()).for_model(model, pays=lambda asked: pays and asked is model)
    assert (device.name, device.precision, device.rechecks) == ("cpu", precision, pays)
    assert device.description == f"cpu, {precision}"
    assert device.exact() == Device("cpu", Precision.fp32, "cpu, fp32")


@pytest.mark.usefixtures("no_gpus")
@pytest.mark.parametrize("precision", [Precision.bf16, Precision.fp32])
def test_a_precision_that_is_named_is_not_put_to_the_test(precision):
    device = resolve_device(ComputeSettings(precision=precision))
    assert device.for_model(torch.nn.Linear(2, 2), pays=lambda _: pytest.fail("measured")) is device
    assert not device.rechecks


@pytest.mark.usefixtures("no_gpus")
@pytest.mark.parametrize(
    "settings",
    [ComputeSettings("cuda"), ComputeSettings("cuda:0"), ComputeSettings("mps"), ComputeSettings(gpus=(0, 1))],
)
def test_an_unavailable_device_says_what_there_is(settings):
    with pytest.raises(UsageError, match="this machine has: cpu"):
        resolve_device(settings)


@pytest.mark.usefixtures("no_gpus")
def test_fp16_on_what_turns_out_to_be_the_cpu():
    with pytest.raises(UsageError, match="fp16"):
        resolve_device(ComputeSettings(precision=Precision.fp16))


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (ComputeSettings(), "cuda:0"),
        (ComputeSettings("cuda"), "cuda:0"),
        (ComputeSettings("cuda:3"), "cuda:3"),
        (ComputeSettings(gpus=(2,)), "cuda:2"),
        (ComputeSettings("cuda", gpus=(1, 3)), "cuda:1"),
        (ComputeSettings("cpu"), "cpu"),
    ],
)
def test_choice_among_gpus(settings, name):
    device = resolve_device(settings)
    assert device.name == name
    assert device.precision == (Precision.auto if name == "cpu" else Precision.bf16)


@pytest.mark.usefixtures("gpus")
def test_every_named_gpu_must_be_there():
    with pytest.raises(UsageError, match="cuda:4"):
        resolve_device(ComputeSettings(gpus=(0, 4)))


@pytest.mark.usefixtures("gpus")
def test_an_old_gpu_has_no_bf16(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    assert resolve_device(ComputeSettings("cuda")).precision == Precision.fp32
    assert resolve_device(ComputeSettings("cuda", precision=Precision.fp16)).precision == Precision.fp16
    with pytest.raises(UsageError, match="bf16"):
        resolve_device(ComputeSettings("cuda", precision=Precision.bf16))


@pytest.mark.parametrize("name", ["cuda:0", "cuda:2"])
def test_the_trainer_stays_on_one_gpu(gpus, tmp_path, name):
    from transformers.training_args import ParallelMode

    from mosecrot_cli.model.training.trainer import OneDeviceArguments

    try:
        arguments = OneDeviceArguments(output_dir=str(tmp_path), torch_device=name, report_to="none")
        assert arguments.n_gpu == 1
        assert arguments.train_batch_size == arguments.per_device_train_batch_size
        assert arguments.parallel_mode is ParallelMode.NOT_PARALLEL
        assert arguments.device == torch.device(name)
        assert PartialState().device == torch.device(name)  # where accelerate moves model and batches
        assert gpus[-1] == name
    finally:
        PartialState._reset_state()


def test_autocast_has_the_precision():
    left, right = torch.ones(2, 2), torch.ones(2, 2)
    with Device("cpu", Precision.bf16, "").autocast():
        assert (left @ right).dtype is torch.bfloat16
    for exact in (Precision.fp32, Precision.auto):
        with Device("cpu", exact, "").autocast():
            assert (left @ right).dtype is torch.float32


def test_memory_that_runs_out_is_one_line_with_a_hint():
    with pytest.raises(MosecrotError, match=r"not enough memory \(a smaller batch\)"), memory_errors("a smaller batch"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB …")
