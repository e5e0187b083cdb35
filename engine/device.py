"""Device, precision and memory, through accelerate."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from engine.config import RunConfig, TrainingSettings
from engine.device_errors import DeviceMissing, PrecisionNotPossible
from engine.memory import DeviceName, Precision, usual_precision
from engine.out_of_memory import as_out_of_memory
from engine.wording import QT_TRANSLATE_NOOP, Phrase

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_CARDS = {  # that settings name
    "cuda": QT_TRANSLATE_NOOP("engine", "NVIDIA or AMD card"),
    "mps": QT_TRANSLATE_NOOP("engine", "Apple GPU"),
}
_PROCESSOR = QT_TRANSLATE_NOOP("engine", "The processor")

_accelerator_in_use = threading.Lock()


@contextlib.contextmanager
def run_accelerator(training: TrainingSettings) -> Iterator[Accelerator]:
    """The Accelerator of a run, until the run ends; torchrun's processes join here.

    accelerate keeps device and precision for the whole process, so a second Accelerator would
    change both under a run that is still going on. Only the functions that own a run may call
    this; anything that works beside a run takes a `Compute`. Raises RuntimeError for a second one.
    """
    if not _accelerator_in_use.acquire(blocking=False):
        raise RuntimeError("a run of this process is still using its Accelerator")
    try:
        if not torch.distributed.is_initialized():
            AcceleratorState._reset_state(reset_partial_state=True)  # what an earlier run left
        compute = Compute.of(training)
        yield Accelerator(
            cpu=compute.device.type == "cpu",
            mixed_precision={"fp32": "no"}.get(compute.precision, compute.precision),
        )
    finally:
        _accelerator_in_use.release()


def is_running() -> bool:
    """Whether a run of this process has its Accelerator now."""
    return _accelerator_in_use.locked()


@dataclass(frozen=True, slots=True)
class Compute:
    """The device and the precision that networks are computed in, without accelerate."""

    device: torch.device
    precision: Precision

    @classmethod
    def of(cls, training: TrainingSettings) -> Compute:
        """What a run with these settings uses."""
        device = torch.device(device_name(training))
        return cls(device, resolve_precision(training, device.type == "cpu"))

    @classmethod
    def of_accelerator(cls, accelerator: Accelerator) -> Compute:
        named: dict[str, Precision] = {"no": "fp32", "bf16": "bf16", "fp16": "fp16"}
        return cls(accelerator.device, named[accelerator.mixed_precision])

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, DTYPES[self.precision])

    def base_dtype(self, config: RunConfig) -> torch.dtype:
        """In which precision the networks of the base model are held.

        Frozen ones as they are computed with; whole networks that learn in fp32, unless they are
        to be rounded at random.
        """
        if config.method.learns_whole_networks:
            return holding_dtype(config)
        return DTYPES[self.precision]


def require_device(training: TrainingSettings, *, has_begun: bool = False) -> None:
    """Raises DeviceMissing or PrecisionNotPossible where the settings name what is not there;
    "auto" takes what there is, and IMPRINT_DEVICE=cpu insists on the processor.

    `has_begun`: of a run whose precision may be what "auto" chose on another computer.
    """
    if _leaves_cards_alone():
        return
    wanted = training.device
    if wanted in _CARDS and wanted != best_device():
        raise DeviceMissing(device=wanted, name=Phrase(_CARDS[wanted]))
    device = device_name(training)
    if not has_begun and not _can_train_in(training.precision, device):
        known = Phrase(_PROCESSOR) if device == "cpu" else Phrase(_CARDS[device])
        raise PrecisionNotPossible(precision=training.precision, device=known)


def _can_train_in(precision: str, device: DeviceName) -> bool:
    if precision == "fp16":
        return device != "cpu"
    if precision == "bf16" and device == "cuda":
        return torch.cuda.is_bf16_supported()
    if precision == "bf16" and device == "mps":
        return torch.backends.mps.is_macos_or_newer(14, 0)
    return True


def runs_on_cpu(training: TrainingSettings) -> bool:
    """Also where a card was asked for that is not there; see `require_device`."""
    return training.device == "cpu" or not has_accelerator()


def device_name(training: TrainingSettings) -> DeviceName:
    """Where a run with these settings is carried out."""
    return "cpu" if runs_on_cpu(training) else best_device()


def has_accelerator() -> bool:
    if _leaves_cards_alone():
        return False
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def _leaves_cards_alone() -> bool:
    """For a card that is there and does not work."""
    return os.environ.get("IMPRINT_DEVICE") == "cpu"


def best_device() -> DeviceName:
    """For work that no setting puts elsewhere."""
    if not has_accelerator():
        return "cpu"
    return "cuda" if torch.cuda.is_available() else "mps"


def has_native_bf16() -> bool:
    """Whether the NVIDIA or AMD card computes in bf16 itself. Volta, Turing and older cards
    emulate it, several times slower than fp16."""
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)


def resolve_precision(training: TrainingSettings, on_cpu: bool) -> Precision:
    """The precision of the computation."""
    if training.precision == "fp16" and on_cpu:
        return "fp32"  # planned on another computer: a CPU has no fp16 training
    if training.precision != "auto":
        return training.precision
    return usual_precision("cpu" if on_cpu else best_device(), has_bf16=has_native_bf16())


def holding_dtype(config: RunConfig) -> torch.dtype:
    """In which precision weights that learn are held where no device decides."""
    return torch.bfloat16 if config.training.weights == "bf16" else torch.float32


def describe(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"mps": "Apple graphics"}.get(
        device.type,
        Phrase(
            QT_TRANSLATE_NOOP("engine", "processor ({threads} threads)"),
            threads=torch.get_num_threads(),
        ),
    )


def memory_bytes(device: torch.device) -> int:
    """What this run holds now: graphics memory on a card, else the process's own."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return psutil.Process().memory_info().rss


@contextlib.contextmanager
def memory_guard(device: torch.device, what: str) -> Iterator[None]:
    """Turn every out-of-memory error of a library into OutOfMemory."""
    try:
        yield
    except Exception as error:
        found = as_out_of_memory(error, what, describe(device))
        if found is None:
            raise
        try:
            raise found from error
        finally:
            del found  # else it and its traceback keep each other, and the tensors of the frames


def seed_everything(*keys: int) -> torch.Generator:
    """Reseed the global generator, and return one of our own, both from the keys.

    Randomness is keyed, not stored: the same keys give the same numbers after a resume.
    """
    generator = keyed_generator(*keys)
    torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
    return generator


def keyed_generator(*keys: int) -> torch.Generator:
    """A CPU generator that depends on all of the keys and their order."""
    seed = 0x9E3779B97F4A7C15
    for key in keys:
        seed ^= key & 0xFFFFFFFFFFFFFFFF
        seed = (seed * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        seed ^= seed >> 29
    return torch.Generator().manual_seed(seed & 0x7FFFFFFFFFFFFFFF)


def use_one_thread_in_tests() -> None:
    """Honour OMP_NUM_THREADS for torch's own pools too; bit-identity needs one thread."""
    if "OMP_NUM_THREADS" in os.environ:
        torch.set_num_threads(max(1, int(os.environ["OMP_NUM_THREADS"])))
