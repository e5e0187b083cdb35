"""Sets Imprint up in `.venv` and starts it: `python3 packaging/bootstrap.py run`.

Needs nothing but CPython and its standard library. Once the set-up stands, a start costs one
look at a stamp file. Verbs: run, test, check, setup, bundle; what follows the verb is passed on.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import system_packages
import virtual_environment as venv
from virtual_environment import ON_WINDOWS, ROOT, SetupProblem

STAMP = "imprint-setup.json"

# torch 2.13 is published for the CPU and for CUDA 12.6, 12.9, 13.0 and 13.2. CUDA 13.0 is what
# the ordinary index carries for Linux too, so both systems run the same build.
TORCH_WHEELS = "https://download.pytorch.org/whl/"
ORDINARY_INDEX = ""
TORCH_INDEX = {  # (system, has an NVIDIA card)
    ("Linux", False): TORCH_WHEELS + "cpu",
    ("Linux", True): ORDINARY_INDEX,
    ("Windows", False): TORCH_WHEELS + "cpu",
    ("Windows", True): TORCH_WHEELS + "cu130",
    ("Darwin", False): ORDINARY_INDEX,
}
INDEX_SETTINGS = ("index-url", "extra-index-url", "find-links", "no-index")
GIB = 1024**3
SPACE_NEEDED = {False: 3 * GIB, True: 10 * GIB}  # CUDA's libraries are large
OPENED = (".imprint", ".safetensors", ".ckpt")  # as in main.py
MOST_WORKERS = 4  # each holds torch and Qt: 1.5 GB
CHECKS = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "basedpyright"],
    # Not the script beside Python: its first line breaks when the folder is moved.
    "imports": ["-c", "from importlinter.cli import lint_imports_command as run; run()"],
    "files": ["packaging/check_files.py"],
}


def main(arguments: list[str]) -> int:
    """Run one verb; returns the exit code."""
    if sys.version_info[:2] < venv.OLDEST_PYTHON:
        return _complain(_too_old())
    verbs = {"run": run, "test": test, "check": check, "setup": setup, "bundle": bundle}
    if not arguments or arguments[0] not in verbs:
        print(__doc__, file=sys.stderr)
        return 2
    extra = arguments[1:]
    if extra[:1] == ["--"]:
        extra = extra[1:]
    try:
        return verbs[arguments[0]](extra)
    except SetupProblem as problem:
        return _complain(str(problem))
    except OSError as error:
        return _complain(_disk_sentence(error))
    except KeyboardInterrupt:
        return _complain("Stopped. The same command goes on from here.")


def run(extra: list[str]) -> int:
    """Open the window, or train the sample in the terminal where there is no display."""
    make_ready("run")
    wants_window = not extra or extra[0].lower().endswith(OPENED)
    if wants_window and not has_display():
        if extra:
            raise SetupProblem(f"There is no display to open {extra[0]} on.")
        print("There is no display, so the sample project is trained here in the terminal.")
        extra = ["train"]
    elif wants_window:
        _require(system_packages.missing_for_window(), "The window")
    return _become(["main.py", *extra], dict(os.environ))


def test(extra: list[str]) -> int:
    """Run the test suite, or the part of it that the extra arguments name."""
    make_ready("dev")
    missing = system_packages.missing_for_tests()
    if missing and not system_packages.install(sorted(set(missing.values()))):
        print(system_packages.advice(missing, "The whole test suite"), flush=True)
    _require(_only(system_packages.missing_for_tests(), system_packages.QT_LIBRARIES), "Qt")
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "HF_HUB_OFFLINE": "1",
        # Two threads on a busy two-core machine take six times as long as one.
        "OMP_NUM_THREADS": "1",
    }
    return _become(["-m", "pytest", *(extra or _on_all_cores())], environment, folder=ROOT)


def check(extra: list[str]) -> int:
    """Run the named checks, or all of them; fails if any fails."""
    unknown = [name for name in extra if name not in CHECKS]
    if unknown:
        raise SetupProblem(f"There is no check called {unknown[0]}; there are {', '.join(CHECKS)}.")
    make_ready("dev")
    failed = []
    for name in extra or CHECKS:
        print(f"-- {name}", flush=True)
        if subprocess.call([str(venv.python_path()), *CHECKS[name]], cwd=ROOT) != 0:
            failed.append(name)
    if failed:
        return _complain(f"These checks failed: {', '.join(failed)}.")
    print("All checks passed.")
    return 0


def setup(extra: list[str]) -> int:
    """Only set up, with the tools for tests and checks."""
    del extra
    make_ready("dev")
    print("Imprint is set up.")
    return 0


def bundle(extra: list[str]) -> int:
    """Build the installed program, in an environment in which nothing else ever was."""
    del extra
    venv.VENV = ROOT / "build/bundle-venv"
    make_ready("bundle")
    sys.path.insert(0, str(ROOT / "packaging/bundle"))
    import building  # late: only this verb needs it

    try:
        return building.build()
    except building.BundleProblem as problem:
        return _complain(str(problem))


# -- the set-up ------------------------------------------------------------------------------


def make_ready(group: str) -> None:
    """Make `.venv` hold what a group needs. Safe to repeat after any interruption."""
    if stamp_is_good(group):
        return
    print("Setting up Imprint in .venv. This takes some minutes, once.", flush=True)
    _offer_qt_libraries()
    # The program that others install is for processors, whatever this computer has.
    nvidia = has_nvidia() and group != "bundle"
    if not venv.is_whole():
        _require_space(SPACE_NEEDED[nvidia])
        venv.make()
    pins = read_pins()
    source = torch_source(platform.system(), nvidia, pip_has_index())
    # Alone, first and pinned: a later package could otherwise pull in another, larger build.
    # Without its dependencies, because PyTorch's own index lacks our versions of them.
    venv.install(["--no-deps", "torch==" + pins["torch"], *source], "torch")
    before = venv.torch_version()
    constraints = str(ROOT / "constraints.txt")
    venv.install(["--constraint", constraints, *dependencies(group)], "all the rest")
    if venv.torch_version() != before:
        raise SetupProblem(
            f"Installing the other packages replaced torch {before} by {venv.torch_version()}. "
            "Remove the folder .venv and run the same command again."
        )
    write_stamp(group)


def dependencies(group: str) -> list[str]:
    """What pyproject.toml asks for: the program alone, or with the tools for work on it."""
    import tomllib  # late: an old Python must come as far as its sentence

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = list(project["project"]["dependencies"])
    names += project["dependency-groups"].get(group, ())
    return names


def read_pins() -> dict[str, str]:
    """Name -> exact version from constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    return dict(line.lower().split("==", 1) for line in lines if "==" in line)


def torch_source(system: str, nvidia: bool, pip_configured: bool) -> list[str]:
    """Extra pip arguments that bring the right torch build for a computer."""
    index = ORDINARY_INDEX if pip_configured else TORCH_INDEX.get((system, nvidia), ORDINARY_INDEX)
    return ["--index-url", index] if index else []


def has_nvidia() -> bool:
    """Whether an NVIDIA driver is at work here."""
    if ON_WINDOWS:
        windows = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"))
        return (windows / "System32" / "nvcuda.dll").exists()
    if sys.platform == "darwin":
        return False
    return Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi") is not None


def pip_has_index() -> bool:
    """Whether somebody told pip where to look: then we look there and nowhere else."""
    names = ["PIP_" + name.upper().replace("-", "_") for name in INDEX_SETTINGS]
    if any(os.environ.get(name) for name in names):
        return True
    listing = subprocess.run(
        [str(venv.python_path()), "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
        env=venv.pip_environment(),
    )
    return names_an_index(listing.stdout)


def names_an_index(listing: str) -> bool:
    """Reads the output of `pip config list`, such as `global.index-url='...'`."""
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        told = value.strip().strip("'\"").lower() not in ("", "0", "false", "no", "off")
        if told and section in ("global", "install", ":env:") and name in INDEX_SETTINGS:
            return True
    return False


def has_display() -> bool:
    """Whether a window can be opened."""
    if sys.platform != "linux":
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def stamp_is_good(group: str) -> bool:
    """Whether a group was installed whole, from the files as they are now."""
    try:
        stamp = json.loads((venv.VENV / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    known = stamp.get(group) if isinstance(stamp, dict) else None
    return venv.python_path().exists() and known == digest(group)


def write_stamp(group: str) -> None:
    """The last act of a set-up. Whoever has the tools has the program too."""
    groups = ["run"] if group == "run" else ["run", group]
    beside = venv.VENV / (STAMP + ".new")
    beside.write_text(json.dumps({name: digest(name) for name in groups}), "utf-8")
    beside.replace(venv.VENV / STAMP)


def digest(group: str) -> str:
    """Changes when a set-up must be repeated; not with every edit of pyproject.toml."""
    parts = [
        group,
        repr(venv.version()),
        (ROOT / "constraints.txt").read_text("utf-8"),
        *dependencies(group),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


# -- the system -------------------------------------------------------------------------------


def _offer_qt_libraries() -> None:
    missing = system_packages.missing_for_window()
    if missing:
        system_packages.install(sorted(set(missing.values())))


def _on_all_cores() -> list[str]:
    """The whole suite, a file at a time to each core: files share models that took seconds."""
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    if workers == 1:
        return []
    # A worker that died in a crash is not replaced: xdist may wait for it for ever.
    order = "--no-loadscope-reorder"  # that of tests/conftest.py, which knows the long files
    return ["-n", str(workers), "--dist", "loadfile", order, "--max-worker-restart", "0"]


def _require(missing: dict[str, str], purpose: str) -> None:
    if missing and not system_packages.install(sorted(set(missing.values()))):
        raise SetupProblem(system_packages.advice(missing, purpose))


def _only(missing: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    return {name: package for name, package in missing.items() if name in wanted}


def _require_space(needed: int) -> None:
    free = shutil.disk_usage(ROOT).free
    if free < needed:
        raise SetupProblem(
            f"Imprint's packages need {needed // GIB} GB on the disk of {ROOT}, "
            f"which has {free / GIB:.1f} free. Free some space, then run the same command again."
        )


def _become(arguments: list[str], environment: dict[str, str], folder: Path | None = None) -> int:
    """Go on as the program itself: no second process lingers, signals and exit code are its own."""
    command = [str(venv.python_path()), *arguments]
    if arguments[0] == "main.py":
        command[1] = str(ROOT / "main.py")
    if folder is not None:
        os.chdir(folder)
    sys.stdout.flush()
    if ON_WINDOWS:  # there, execv would return to the prompt at once
        return subprocess.call(command, env=environment)
    os.execve(command[0], command, environment)
    raise AssertionError  # execve does not return


def _too_old() -> str:
    have = platform.python_version()
    return (
        f"Python 3.11 or newer is needed; this is {have}. With a newer one beside it:\n"
        "  make run PYTHON=python3.11      (Windows: py -3.11 packaging\\bootstrap.py run)"
    )


def _disk_sentence(error: OSError) -> str:
    if error.errno == 28:
        return "The disk is full. Free some space, then run the same command again."
    return f"{error.strerror}: {error.filename}. Mend this, then run the same command again."


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
