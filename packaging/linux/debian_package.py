"""Makes a package for Debian and Ubuntu of dist/Imprint, for all users of a computer.

python packaging/linux/debian_package.py       (after `make bundle`; wants dpkg-deb)
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging/bundle"))

import contents  # noqa: E402

PROGRAM = ROOT / "dist/Imprint"
HERE = ROOT / "packaging/linux"
PLACE = "/usr/lib/imprint"
# What Qt's plugins for X11 and Wayland want of the system; the same names as install.sh says.
DEPENDS = (
    "libgl1", "libegl1", "libfontconfig1", "libfreetype6", "libxkbcommon-x11-0",
    "libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-shape0", "libdbus-1-3",
    "libgssapi-krb5-2", "libwayland-cursor0",
)  # fmt: skip
CONTROL = """\
Package: imprint
Version: {version}
Section: graphics
Priority: optional
Architecture: {architecture}
Depends: {depends}
Recommends: fonts-noto-cjk
Installed-Size: {kib}
Maintainer: The Imprint authors <imprint@localhost>
Description: teach Stable Diffusion something new, from your own pictures
 DreamBooth, Textual Inversion, LoRA and Hypernetworks, with a window that guides a
 first training. What is learnt leaves as a file for other programs.
"""


def main() -> int:
    if not (PROGRAM / "imprint").exists():
        print("dist/Imprint is not there: run make bundle first.", file=sys.stderr)
        return 1
    tree = ROOT / "build/debian"
    shutil.rmtree(tree, ignore_errors=True)
    lay_out(PROGRAM, tree)
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    control = tree / "DEBIAN/control"
    control.parent.mkdir()
    shutil.copy(HERE / "preinst", tree / "DEBIAN/preinst")
    (tree / "DEBIAN/preinst").chmod(0o755)
    control.write_text(control_of(contents.VERSION, architecture, _kib(tree)), encoding="utf-8")
    package = ROOT / f"dist/imprint_{contents.VERSION}_{architecture}.deb"
    return subprocess.call(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", str(tree), str(package)]
    )


def lay_out(program: Path, tree: Path) -> None:
    """The files as they will lie in the system, below `tree`."""
    shutil.copytree(program, tree / PLACE[1:], symlinks=True)
    share = tree / "usr/share"
    for folder in (tree / "usr/bin", share / "applications", share / "mime/packages"):
        folder.mkdir(parents=True)
    for name in ("imprint", "imprint-cli"):
        (tree / "usr/bin" / name).symlink_to(f"../lib/imprint/{name}")
    entry = (HERE / "imprint.desktop").read_text("utf-8").replace('"@PROGRAM@"', "imprint")
    (share / "applications/imprint.desktop").write_text(entry, encoding="utf-8")
    shutil.copy(HERE / "imprint.xml", share / "mime/packages/imprint.xml")
    icons = share / "icons/hicolor"
    for picture in contents.ICONS.glob("imprint-*.png"):
        size = picture.stem.rpartition("-")[2]
        target = icons / f"{size}x{size}/apps/imprint.png"
        target.parent.mkdir(parents=True)
        shutil.copy(picture, target)
    (icons / "scalable/apps").mkdir(parents=True)
    shutil.copy(ROOT / "resources/icons/imprint.svg", icons / "scalable/apps/imprint.svg")
    (share / "doc/imprint").mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", share / "doc/imprint/copyright")


def control_of(version: str, architecture: str, kib: int) -> str:
    return CONTROL.format(
        version=version,
        architecture=architecture,
        kib=kib,
        depends=", ".join((_c_library(), *DEPENDS)),
    )


def _c_library() -> str:
    """That of the system on which it is built, or newer: what was built here may call it."""
    return f"libc6 (>= {platform.libc_ver()[1]})"


def _kib(tree: Path) -> int:
    files = (path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) // 1024


if __name__ == "__main__":
    sys.exit(main())
