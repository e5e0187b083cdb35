"""Looks at this computer and says what works and what does not."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from engine.errors import UserError
from engine.models.catalog import locate
from engine.project import cache_folder
from engine.storage import require_writable
from engine.wording import QT_TRANSLATE_NOOP

LIBRARIES = (
    "torch", "diffusers", "transformers", "peft", "accelerate", "safetensors", "pillow",
    "pydantic", "PySide6_Essentials", "pyqtgraph",
)  # fmt: skip


@dataclass(slots=True)
class Report:
    """Facts by name, and everything that has to be mended."""

    facts: dict[str, str] = field(default_factory=dict)
    errors: list[UserError] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def first_error(self) -> UserError | None:
        if self.missing:
            return LibraryMissing(names=", ".join(self.missing))
        return self.errors[0] if self.errors else None

    def as_dict(self) -> dict:
        return {
            "facts": self.facts,
            "missing": self.missing,
            "errors": [error.as_dict() for error in self.errors],
        }

    def lines(self) -> list[str]:
        lines = [f"{name}: {value}" for name, value in self.facts.items()]
        lines += [f"PROBLEM: {error}" for error in self.errors]
        lines += [f"MISSING: {name}" for name in self.missing]
        return [*lines, "All is well." if self.first_error is None else "Something needs a hand."]


class LibraryMissing(UserError):
    code = "IM-SYS-01"
    summary = QT_TRANSLATE_NOOP("engine", "These libraries are missing: {names}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Run make run again; it installs what is missing.")


def examine() -> Report:
    """All checks; none of them changes anything but a probe file in the cache folder."""
    report = Report()
    report.facts["system"] = platform.platform()
    report.facts["python"] = platform.python_version()
    for name in LIBRARIES:
        try:
            report.facts[name] = version(name)
        except PackageNotFoundError:
            report.missing.append(name)
    memory = psutil.virtual_memory()
    report.facts["memory"] = (
        f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free"
    )
    report.facts["processor cores"] = str(psutil.cpu_count(logical=False) or psutil.cpu_count())
    report.facts["device"] = _device() if "torch" not in report.missing else "unknown"
    try:
        report.facts["starter model"] = locate("starter").family.title
        require_writable(cache_folder())
        free = shutil.disk_usage(cache_folder()).free
        report.facts["disk"] = f"{free / 2**30:.1f} GiB free at {_short(cache_folder())}"
    except UserError as error:
        report.errors.append(error)
    return report


def _device() -> str:
    import torch  # late: two seconds

    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        return f"{card.name}, {card.total_memory / 2**30:.0f} GiB"
    return "Apple graphics" if torch.backends.mps.is_available() else "processor only"


def _short(path: Path) -> str:
    home = str(Path.home())
    return str(path).replace(home, "~", 1)
