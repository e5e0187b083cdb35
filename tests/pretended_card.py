"""NVIDIA's library with a card that is not there: the one thing that is pretended here."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

GIB = 1 << 30


class Card:
    """What the next look will find."""

    def __init__(self) -> None:
        self.celsius, self.load = 61, 97
        self.used, self.total = 6 * GIB, 8 * GIB
        self.is_lost = False
        self.asked: object = None

    def install(self, monkeypatch) -> None:
        library = ModuleType("pynvml")
        library.NVML_TEMPERATURE_GPU = 0
        library.nvmlInit = lambda: None
        library.nvmlDeviceGetHandleByIndex = self._handle
        library.nvmlDeviceGetHandleByUUID = self._handle
        library.nvmlDeviceGetName = lambda handle: b"NVIDIA GeForce RTX 3060"
        library.NVMLError = RuntimeError
        library.nvmlDeviceGetCudaComputeCapability = lambda handle: (8, 6)
        library.nvmlSystemGetDriverVersion = lambda: b"580.65.06"
        library.nvmlDeviceGetMemoryInfo = self._memory
        library.nvmlDeviceGetUtilizationRates = lambda handle: SimpleNamespace(gpu=self.load)
        library.nvmlDeviceGetTemperature = lambda handle, kind: self.celsius
        monkeypatch.setitem(sys.modules, "pynvml", library)

    def _handle(self, asked: object) -> object:
        self.asked = asked
        return self

    def _memory(self, handle: object) -> SimpleNamespace:
        if self.is_lost:
            raise RuntimeError("GPU is lost")
        return SimpleNamespace(used=self.used, total=self.total)
