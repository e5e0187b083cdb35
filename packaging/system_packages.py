"""What Qt and the tests want from the operating system, and the Debian package of each piece."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Read off the NEEDED entries of Qt's own libraries and platform plugins.
QT_LIBRARIES = {
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}
X11_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}
TEST_PROGRAMS = {"Xvfb": "xvfb"}
TEST_FONTS = {
    "DejaVuSans.ttf": "fonts-dejavu-core",
    "NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


def missing_for_window() -> dict[str, str]:
    """Name -> package of what a window on this computer's display lacks."""
    if sys.platform != "linux":
        return {}
    wanted = dict(QT_LIBRARIES)
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform.startswith("xcb") or (not platform and os.environ.get("DISPLAY")):
        wanted.update(X11_LIBRARIES)
    elif platform.startswith("wayland") or (not platform and os.environ.get("WAYLAND_DISPLAY")):
        wanted.update(WAYLAND_LIBRARIES)
    return _libraries_not_found(wanted)


def missing_for_tests() -> dict[str, str]:
    """Name -> package of what the whole test suite lacks: also Xvfb, its plugin and fonts."""
    if sys.platform != "linux":
        return {}
    missing = _libraries_not_found({**QT_LIBRARIES, **X11_LIBRARIES})
    for program, package in TEST_PROGRAMS.items():
        if shutil.which(program) is None:
            missing[program] = package
    for font, package in TEST_FONTS.items():
        if not any(_holds(folder, font) for folder in FONT_FOLDERS):
            missing[font] = package
    return missing


def install(packages: list[str]) -> bool:
    """Install Debian packages where we may; returns whether all went well."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    print("Installing system packages: " + " ".join(packages), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # The update may fail for one source alone, and the installation then still succeed.
    _apt([apt, "--quiet", "update"], environment)
    options = ["--quiet", "--yes", "--no-install-recommends"]
    done = _apt([apt, "install", *options, *packages], environment)
    if done.returncode != 0:
        print("apt-get could not:\n" + "\n".join(done.stdout.splitlines()[-5:]), flush=True)
    return done.returncode == 0


def advice(missing: dict[str, str], purpose: str) -> str:
    """Says what is missing and the exact command that brings it."""
    packages = " ".join(sorted(set(missing.values())))
    return (
        f"{purpose} needs what this computer lacks: {', '.join(sorted(missing))}.\n"
        "On Debian and Ubuntu this command brings it (elsewhere the packages have other names):\n"
        f"  sudo apt-get install {packages}"
    )


def _apt(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _libraries_not_found(wanted: dict[str, str]) -> dict[str, str]:
    return {name: package for name, package in wanted.items() if not _loads(name)}


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _holds(folder: str, font: str) -> bool:
    return any(Path(folder).rglob(font)) if Path(folder).is_dir() else False
