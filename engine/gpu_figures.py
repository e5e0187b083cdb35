"""What an NVIDIA card says of itself: load, temperature, memory. Through NVIDIA's own library.

No torch is needed. Where there is no driver, or it does not answer, there are no figures.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from engine.file_names import whole_number

HOT_CELSIUS = 83  # where NVIDIA's consumer cards begin to slow down
TOO_HOT_CELSIUS = 90
TOO_HOT_SECONDS = 60.0
COOL_CELSIUS = 75

log = logging.getLogger("imprint")


@dataclass(frozen=True, slots=True)
class GpuFigures:
    """One look at the card. `load_percent` is the share of the last moments with work to do."""

    name: str
    load_percent: int
    celsius: int
    used_bytes: int
    total_bytes: int
    driver: str = ""
    capability: tuple[int, int] = (0, 0)  # as CUDA counts cards; zeros where it is not told

    @property
    def is_hot(self) -> bool:
        return self.celsius >= HOT_CELSIUS


class GpuReader:
    """The card that CUDA counts as the first, unless CUDA_VISIBLE_DEVICES names another."""

    def __init__(self, visible: str = "") -> None:
        """`visible`: the value of CUDA_VISIBLE_DEVICES."""
        self._first = visible.split(",", maxsplit=1)[0].strip()
        self._library: Any = None
        self._card: Any = None
        self._gave_up = False

    def read(self) -> GpuFigures | None:
        """None where nothing is known. Takes milliseconds, at the first time up to a second."""
        if self._gave_up:
            return None
        try:
            if self._card is None:
                self._open()
            return self._look()
        except Exception:
            log.info("no figures of a graphics card", exc_info=True)
            self._gave_up = True
            return None

    def _open(self) -> None:
        import pynvml  # late: it opens the driver

        pynvml.nvmlInit()
        self._library = pynvml
        if self._first.startswith("GPU-"):
            self._card = pynvml.nvmlDeviceGetHandleByUUID(self._first)
        else:
            number = whole_number(self._first) or 0
            self._card = pynvml.nvmlDeviceGetHandleByIndex(number)

    def _look(self) -> GpuFigures:
        library, card = self._library, self._card
        memory = library.nvmlDeviceGetMemoryInfo(card)
        return GpuFigures(
            name=_text(library.nvmlDeviceGetName(card)),
            load_percent=int(library.nvmlDeviceGetUtilizationRates(card).gpu),
            celsius=int(library.nvmlDeviceGetTemperature(card, library.NVML_TEMPERATURE_GPU)),
            used_bytes=int(memory.used),
            total_bytes=int(memory.total),
            driver=_text(library.nvmlSystemGetDriverVersion()),
            capability=self._capability(),
        )

    def _capability(self) -> tuple[int, int]:
        try:
            major, minor = self._library.nvmlDeviceGetCudaComputeCapability(self._card)
        except self._library.NVMLError:  # not known to every driver
            return (0, 0)
        return int(major), int(minor)


def _text(told: bytes | str) -> str:
    """Older drivers answer in bytes."""
    return told.decode() if isinstance(told, bytes) else str(told)


class Heat:
    """Tells once when a card has been too hot for a while, and again after it has cooled."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._is_told = False

    def is_too_hot(self, celsius: int, now: float) -> bool:
        """`now`: seconds of a clock that only goes forward."""
        if celsius < TOO_HOT_CELSIUS:
            self._since = None
            self._is_told = self._is_told and celsius > COOL_CELSIUS
            return False
        self._since = now if self._since is None else self._since
        if self._is_told or now - self._since < TOO_HOT_SECONDS:
            return False
        self._is_told = True
        return True
