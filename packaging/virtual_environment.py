"""The folder `.venv`: whether it is whole, how it is made, and how pip fills it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import system_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)
ON_WINDOWS = os.name == "nt"


class SetupProblem(Exception):
    """Set-up cannot go on; the text says why and what to do."""


def python_path() -> Path:
    """The Python inside `.venv`."""
    return VENV / ("Scripts/python.exe" if ON_WINDOWS else "bin/python")


def is_whole() -> bool:
    """Whether `.venv` works and no package in it was cut short by an interruption."""
    if not python_path().exists() or version() < OLDEST_PYTHON:
        return False
    tried = subprocess.run(
        [str(python_path()), "-c", "import pip"], capture_output=True, check=False
    )
    # pip writes INSTALLER when a package's files are in place; without it, some may be missing.
    packages = _site_packages().glob("*.dist-info")
    return tried.returncode == 0 and all((folder / "INSTALLER").exists() for folder in packages)


def make() -> None:
    """Make `.venv` from nothing, with Debian's missing part named or installed."""
    if _module_missing() and not (
        system_packages.install([_debian_package()]) and not _module_missing()
    ):
        raise SetupProblem(
            "This Python cannot make virtual environments: its module venv or ensurepip is "
            f"missing.\nOn Debian and Ubuntu: sudo apt-get install {_debian_package()}"
        )
    # Started from inside .venv, the interpreter to copy is the one below it.
    python = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run(
        [python, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise SetupProblem(
            f"The virtual environment could not be made:\n{_last_lines(made.stdout + made.stderr)}"
        )


def install(arguments: list[str], what: str) -> None:
    """Install, with pip's bar on a terminal and its complaints as they come."""
    print(f"Installing {what} ...", flush=True)
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    command = [str(python_path()), "-m", "pip", "install", "--no-input", *quiet, *arguments]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, errors="replace", env=pip_environment()
    ) as running:
        said = ""
        for line in running.stderr or ():
            sys.stderr.write(line)
            said += line
    if running.returncode != 0:
        raise SetupProblem(pip_sentence(what, said))


def pip_sentence(what: str, said: str) -> str:
    """What a failed installation means, and what to do."""
    head = f"\nInstalling {what} failed: "
    again = "then run the same command again; it goes on from here."
    if "No space left" in said or "Errno 28" in said:
        return f"{head}the disk is full. Free some space (10 GB with CUDA, 3 without), {again}"
    signs = ("connection", "timed out", "resolution", "getaddrinfo", "unreachable", "ssl")
    if any(sign in said.lower() for sign in signs):
        return (
            f"{head}pip could not reach its package index. Check the internet connection, a proxy "
            f"(HTTPS_PROXY) and pip's settings (python -m pip config list), {again}"
        )
    return (
        f"{head}the lines above are pip's reason. If it found no matching version, this Python "
        f"({platform.python_version()}, {platform.machine()}) may be too new or too rare: take "
        f"Python 3.11, remove the folder .venv, {again}"
    )


def pip_environment() -> dict[str, str]:
    # A user-wide "--user" default cannot work inside a virtual environment.
    return {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def version() -> tuple[int, ...]:
    """Python's major and minor number in `.venv`; (0, 0) where there is none."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text("utf-8").splitlines()
        number = next(line.split("=")[1] for line in lines if line.startswith("version"))
        return tuple(int(part) for part in number.strip().split(".")[:2])
    except (OSError, StopIteration, ValueError):
        return (0, 0)


def torch_version() -> str:
    """The installed build, such as 2.13.0+cpu."""
    for folder in _site_packages().glob("torch-*.dist-info"):
        return folder.name[len("torch-") : -len(".dist-info")]
    return "none"


def _site_packages() -> Path:
    if ON_WINDOWS:
        return VENV / "Lib" / "site-packages"
    return VENV / "lib" / "python{}.{}".format(*version()) / "site-packages"


def _module_missing() -> bool:
    importlib.invalidate_caches()
    return any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip"))


def _debian_package() -> str:
    return "python{}.{}-venv".format(*sys.version_info[:2])


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
