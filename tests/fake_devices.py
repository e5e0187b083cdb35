"""Graphics cards that are not there, for what the program decides before it computes anything.

Only torch's answers about the hardware are replaced; `is_bf16_supported`, accelerate's states and
its GradScaler are the real ones.
"""

from __future__ import annotations

from types import SimpleNamespace

import torch
from accelerate.state import AcceleratorState

GIB = 1 << 30
CAPABILITIES = {  # as CUDA counts cards
    "pascal": (6, 1),
    "volta": (7, 0),
    "turing": (7, 5),
    "ampere": (8, 6),
    "hopper": (9, 0),
    "blackwell": (12, 0),
}


def install_device(monkeypatch, name: str, *, free_gib: float = 24.0) -> None:
    """Let torch answer as on a computer with this card; "cpu" has none, "mps" is a Mac."""
    # accelerate keeps a device for the life of a process: no test may leave one behind.
    monkeypatch.setattr(AcceleratorState, "_shared_state", {})
    monkeypatch.delenv("IMPRINT_DEVICE", raising=False)
    monkeypatch.delenv("ACCELERATE_USE_CPU", raising=False)
    is_card = name in CAPABILITIES
    monkeypatch.setattr(torch.cuda, "is_available", lambda: is_card)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: name == "mps")
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: name == "mps")
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *version: True)
    if not is_card:
        return
    major, minor = CAPABILITIES[name]
    seen = SimpleNamespace(major=major, minor=minor, name=name, total_memory=24 * GIB)
    cuda = {
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "set_device": lambda device: None,
        "get_device_properties": lambda device=None: seen,
        "get_device_capability": lambda device=None: (major, minor),
        "get_device_name": lambda device=None: name,
        "mem_get_info": lambda device=None: (round(free_gib * GIB), 24 * GIB),
        "_check_bf16_tensor_supported": lambda device: True,  # every card can emulate it
    }
    for attribute, answer in cuda.items():
        monkeypatch.setattr(torch.cuda, attribute, answer)
