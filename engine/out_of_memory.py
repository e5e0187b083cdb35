"""Is this error an out-of-memory error? The one place that knows how libraries report it.

Imports neither torch nor Pillow: the messages are matched as text.
"""

from __future__ import annotations

import errno

from engine.errors import OutOfMemory, UserError
from engine.wording import QT_TRANSLATE_NOOP, Phrase

THIS_COMPUTER = QT_TRANSLATE_NOOP("engine", "this computer")
_DEVICE = QT_TRANSLATE_NOOP("engine", "the graphics card")
_TASK = QT_TRANSLATE_NOOP("engine", "this task")

# Memory of the computer, in lower case: torch's CPU allocator, C++, the operating systems.
_MAIN_MEMORY = (
    "defaultcpuallocator",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory: you tried to allocate",
    "bad_alloc",
    "bad allocation",
    "paging file is too small",
    "out of memory error when",  # Pillow's decoders and encoders
)
# Whole messages of oneDNN, which computes for torch on the processor: it does not say why, and a
# primitive that is described already fails for nothing else.
_ONEDNN = (
    "could not create a primitive",
    "could not create a memory",
    "could not create a memory object",
    "could not execute a primitive",
)
# Memory of a graphics card: CUDA and its libraries, ROCm, Metal, XPU.
_DEVICE_MEMORY = (
    "out of memory",
    "outofmemory",
    "cudaerrormemoryallocation",
    "_alloc_failed",  # CUBLAS_STATUS_, CUDNN_STATUS_, CUSOLVER_STATUS_, CUSPARSE_STATUS_, HIPBLAS_
    "device_allocation_failed",
    "host_allocation_failed",
    "rocblas_status_memory_error",
    "miopenstatusallocfailed",
    "nvml_success == r internal assert failed",  # CUDA's allocator, where the driver lacks NVML
    "invalid buffer size",  # Metal, for one tensor larger than a buffer may be
    "kiogpucommandbuffercallbackerroroutofmemory",
)
_NO_MEMORY_ON_WINDOWS = (8, 14, 1455)  # ERROR_NOT_ENOUGH_MEMORY, _OUTOFMEMORY, _COMMITMENT_LIMIT


def is_out_of_memory(error: BaseException) -> bool:
    """Of the computer or of a graphics card. A UserError has been put into words already."""
    return lacks_main_memory(error) or _lacks_device_memory(error)


def lacks_main_memory(error: BaseException) -> bool:
    """The computer's own memory ran out, not that of a graphics card."""
    if isinstance(error, UserError):
        return False
    if isinstance(error, OSError) and _is_system_error(error):
        return True
    if isinstance(error, MemoryError) or _says(error, _MAIN_MEMORY):
        return True
    return isinstance(error, RuntimeError) and str(error).strip().lower() in _ONEDNN


def as_out_of_memory(error: BaseException, what: str = "", device: str = "") -> OutOfMemory | None:
    """The sentence for an out-of-memory error; None for any other error.

    `device` is the card that was used, `what` the task that needed the memory.
    """
    if not is_out_of_memory(error):
        return None
    if lacks_main_memory(error):
        device = Phrase(THIS_COMPUTER)
    return OutOfMemory(device=device or Phrase(_DEVICE), what=what or Phrase(_TASK))


def _lacks_device_memory(error: BaseException) -> bool:
    if isinstance(error, UserError) or not isinstance(error, Exception):
        return False
    if type(error).__name__ == "OutOfMemoryError":  # torch's class for every kind of device
        return True
    return isinstance(error, RuntimeError | OSError) and _says(error, _DEVICE_MEMORY)


def _is_system_error(error: OSError) -> bool:
    return error.errno == errno.ENOMEM or getattr(error, "winerror", None) in _NO_MEMORY_ON_WINDOWS


def _says(error: BaseException, signs: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return isinstance(error, Exception) and any(sign in text for sign in signs)
