"""The installed program: what goes in, and how it comes onto a Linux system and off it again."""

from __future__ import annotations

import hashlib
import json
import os
import plistlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from importlib.metadata import distribution
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.card_pack import load_table
from engine.version import VERSION
from tests.engine.test_card_pack import fetched, serving

ROOT = Path(__file__).parents[1]
LINUX = ROOT / "packaging/linux"
sys.path[:0] = [str(ROOT / "packaging" / name) for name in ("", "bundle", "linux", "macos")]

import building  # noqa: E402
import card_table  # noqa: E402
import contents  # noqa: E402
import debian_package  # noqa: E402
import licences  # noqa: E402
from plist import plist  # noqa: E402
from windows_version import write_version  # noqa: E402

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a script for Linux")


def test_there_is_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION == contents.VERSION


def test_every_module_of_ours_goes_in():
    names = contents.hidden_imports()
    assert {"engine.run", "engine.methods.lora.method", "desktop.main_window"} <= set(names)
    files = [path for package in ("engine", "desktop") for path in (ROOT / package).rglob("*.py")]
    assert len(set(names)) == len(files)


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("torch/bin/protoc-3.13.0.0", False),
        ("torch/bin/torch_shm_manager", True),  # torch does not start without it
        ("torch/test/cpp/api", False),
        ("torch\\bin\\protoc.exe", False),
        ("PySide6/Qt/translations/qtbase_zh_CN.qm", True),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("resources/translations/imprint_zh_CN.qm", True),
    ],
)
def test_what_is_left_out_is_what_nothing_opens(name, stays, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "BUILD", tmp_path)
    kept = contents.note_left_out([(name, str(ROOT / "LICENSE"), "DATA")])
    assert bool(kept) is stays


def test_what_each_saves_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "BUILD", tmp_path)
    for _ in range(2):  # binaries, then data
        contents.note_left_out([("torch/bin/protoc", str(ROOT / "LICENSE"), "BINARY")])
    told = (tmp_path / "left_out.json").read_text("utf-8")
    assert f": {2 * (ROOT / 'LICENSE').stat().st_size}" in told


# -- on Linux ---------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path) -> Path:
    """What the archive holds when it is unpacked, with a program of two lines, in a folder whose
    name has a space."""
    folder = tmp_path / "my downloads/Imprint"
    program = folder / "program"
    (program / "_internal/resources").mkdir(parents=True)
    (program / "_internal/resources/x").write_text("x")
    (program / "imprint").write_text(f'#!/bin/sh\necho this is {VERSION} "$@"\n')
    (program / "imprint").chmod(0o755)
    (program / "imprint-cli").symlink_to("imprint")
    for name in ("install.sh", "uninstall.sh", "imprint.desktop", "imprint.xml"):
        shutil.copy(LINUX / name, folder / name)
    (folder / "icons").mkdir()
    for size in (16, 256):
        (folder / f"icons/imprint-{size}.png").write_bytes(b"png")
    shutil.copy(ROOT / "resources/icons/imprint.svg", folder / "icons/imprint.svg")
    return folder


def call(script: Path, home: Path, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["sh", str(script)], env={"PATH": os.environ["PATH"], "HOME": str(home)} | variables,
        capture_output=True, text=True,
    )  # fmt: skip


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@on_linux
@pytest.mark.parametrize("before", ["nothing", "other programs"])
def test_what_was_installed_starts_and_is_removed_without_a_trace(archive, tmp_path, before):
    home = tmp_path / "home of anna"
    home.mkdir()
    if before == "other programs":
        for other in (".local/bin/other", ".local/share/applications/other.desktop",
                      ".local/share/icons/hicolor/16x16/apps/other.png"):  # fmt: skip
            (home / other).parent.mkdir(parents=True)
            (home / other).write_text("other")
    known = files_in(home)

    installed = call(archive / "install.sh", home)

    assert installed.returncode == 0, installed.stderr
    entry = ConfigParser(interpolation=None)
    entry.optionxform = str
    entry.read(home / ".local/share/applications/imprint.desktop", "utf-8")
    program = entry["Desktop Entry"]["Exec"].split('"')[1]
    assert Path(program).is_file()
    for started in (program, str(home / ".local/bin/imprint-cli")):
        told = subprocess.run([started, "a b"], capture_output=True, text=True)
        assert told.stdout == f"this is {VERSION} a b\n"
    shutil.rmtree(archive)  # the download is gone: the program keeps its own way out

    removed = call(home / ".local/lib/imprint/uninstall.sh", home)

    assert removed.returncode == 0, removed.stderr
    left = files_in(home) - known
    made_by_desktop = {path for path in left if path.endswith((".cache", "/mime"))}
    assert left == made_by_desktop
    assert known <= files_in(home)
    if before == "nothing":
        assert not left


@on_linux
def test_a_newer_version_takes_the_place_of_the_old_one(archive, tmp_path):
    home = tmp_path / "home"
    assert call(archive / "install.sh", home).returncode == 0
    (archive / "program/_internal/resources/x").rename(archive / "program/_internal/resources/y")
    assert call(archive / "install.sh", home).returncode == 0
    inside = home / ".local/lib/imprint/_internal/resources"
    assert [path.name for path in inside.iterdir()] == ["y"]
    assert call(archive / "uninstall.sh", home).returncode == 0
    assert files_in(home) == set()


@on_linux
def test_another_place_can_be_named(archive, tmp_path):
    place = tmp_path / "apps"
    assert call(archive / "install.sh", tmp_path, PREFIX=str(place)).returncode == 0
    assert (place / "bin/imprint").exists()
    assert not (tmp_path / ".local").exists()
    assert call(place / "lib/imprint/uninstall.sh", tmp_path).returncode == 0
    assert not place.exists() or files_in(place) == set()


@on_linux
def test_a_place_that_is_named_from_here_is_written_down_whole(archive, tmp_path):
    installed = subprocess.run(
        ["sh", str(archive / "install.sh")], cwd=tmp_path, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PREFIX": "my apps/"},
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    told = subprocess.run([str(tmp_path / "my apps/bin/imprint")], capture_output=True, text=True)
    assert told.stdout.startswith(f"this is {VERSION}")
    assert call(tmp_path / "my apps/lib/imprint/uninstall.sh", tmp_path).returncode == 0
    assert not (tmp_path / "my apps").exists()


@on_linux
def test_a_program_that_runs_is_not_replaced_under_its_feet(archive, tmp_path):
    home = tmp_path / "home"
    assert call(archive / "install.sh", home).returncode == 0
    program = home / ".local/lib/imprint/imprint"
    program.unlink()
    shutil.copy(shutil.which("sleep"), program)
    running = subprocess.Popen([str(program), "60"])
    try:
        refused = call(archive / "install.sh", home)
    finally:
        running.kill()
        running.wait()
    assert refused.returncode == 1
    assert "Imprint is running" in refused.stderr
    assert call(archive / "install.sh", home).returncode == 0


@on_linux
def test_what_others_put_into_our_folders_later_keeps_its_lists(archive, tmp_path):
    home = tmp_path / "home"
    assert call(archive / "install.sh", home).returncode == 0
    for name in ("applications/other.desktop", "applications/mimeinfo.cache",
                 "icons/hicolor/16x16/apps/other.png"):  # fmt: skip
        (home / ".local/share" / name).write_text("other")
    assert call(home / ".local/lib/imprint/uninstall.sh", home).returncode == 0
    assert (home / ".local/share/applications/mimeinfo.cache").exists()
    assert (home / ".local/share/icons/hicolor/16x16/apps/other.png").exists()


@on_linux
def test_what_was_fetched_for_a_card_goes_and_what_is_the_users_stays(archive, tmp_path):
    home = tmp_path / "home"
    assert call(archive / "install.sh", home).returncode == 0
    for name in ("card-pack/packages/torch.so", "models/mine.safetensors"):
        path = home / ".local/share/imprint" / name
        path.parent.mkdir(parents=True)
        path.write_text("x")
    assert call(home / ".local/lib/imprint/uninstall.sh", home).returncode == 0
    assert files_in(home / ".local/share/imprint") == {"models", "models/mine.safetensors"}


@on_linux
def test_a_place_that_cannot_be_made_is_told(archive, tmp_path):
    (tmp_path / "in the way").write_text("a file")
    told = call(archive / "install.sh", tmp_path, PREFIX=str(tmp_path / "in the way/apps"))
    assert told.returncode == 1
    assert "PREFIX=" in told.stderr


@on_linux
def test_an_archive_that_was_not_unpacked_whole_is_told(archive, tmp_path):
    shutil.rmtree(archive / "program")
    told = call(archive / "install.sh", tmp_path)
    assert told.returncode == 1
    assert "Unpack the whole archive" in told.stderr
    assert not (tmp_path / ".local").exists()


@on_linux
def test_what_is_not_installed_cannot_be_removed(archive, tmp_path):
    told = call(archive / "uninstall.sh", tmp_path)
    assert told.returncode == 1
    assert "not installed" in told.stderr


def test_the_script_and_the_package_want_the_same_of_the_system():
    told = re.search(r"apt install ([^\"]+)", (LINUX / "install.sh").read_text("utf-8"))
    assert set(told[1].split()) == set(debian_package.DEPENDS)


@on_linux
@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not there")
def test_the_package_holds_what_the_archive_installs(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "ICONS", archive / "icons")
    tree = tmp_path / "tree"
    debian_package.lay_out(archive / "program", tree)
    (tree / "DEBIAN").mkdir()
    control = debian_package.control_of(VERSION, "amd64", 12)
    (tree / "DEBIAN/control").write_text(control, "utf-8")
    package = tmp_path / "imprint.deb"
    subprocess.run(["dpkg-deb", "--build", str(tree), str(package)], check=True)
    unpacked = tmp_path / "system"
    subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True)
    told = subprocess.run([str(unpacked / "usr/bin/imprint"), "x"], capture_output=True, text=True)
    assert told.stdout == f"this is {VERSION} x\n"
    entry = (unpacked / "usr/share/applications/imprint.desktop").read_text("utf-8")
    assert "\nExec=imprint %F\n" in entry
    assert (unpacked / "usr/share/icons/hicolor/256x256/apps/imprint.png").is_file()


def test_the_kinds_of_files_are_the_same_everywhere():
    """On Linux, on Windows and on macOS, and as main.py opens them."""
    globs = {
        node.get("pattern") for node in ElementTree.parse(LINUX / "imprint.xml").iter()
        if node.tag.endswith("glob")
    }  # fmt: skip
    assert globs == {"*.imprint", "*.safetensors"}
    setup = (ROOT / "packaging/windows/imprint.iss").read_text("utf-8")
    assert set(re.findall(r"Classes\\(\.\w+)", setup)) == {".imprint", ".safetensors"}
    mac = plistlib.loads(plistlib.dumps(plist(VERSION)))
    kinds = [*mac["UTExportedTypeDeclarations"], *mac["UTImportedTypeDeclarations"]]
    tags = [kind["UTTypeTagSpecification"]["public.filename-extension"] for kind in kinds]
    assert tags == [["imprint"], ["safetensors"]]
    known = {kind["UTTypeIdentifier"] for kind in kinds}
    assert {each for kind in mac["CFBundleDocumentTypes"]
            for each in kind["LSItemContentTypes"]} == known  # fmt: skip
    main = (ROOT / "main.py").read_text("utf-8")
    assert all(f'"{glob[1:]}"' in main for glob in globs)


def make_real_wheel(folder: Path, name: str, version: str, needs: tuple[str, ...] = ()) -> Path:
    """A wheel that pip takes."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as zip_:
        zip_.writestr(f"{name}/__init__.py", "")
        zip_.writestr(f"{info}/METADATA", metadata)
        zip_.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        )
        zip_.writestr(f"{info}/RECORD", "")
    return path


def test_the_table_for_cards_is_what_pip_would_install_and_no_more(tmp_path, monkeypatch):
    """pip's real answer of an index on this computer."""
    wheels = [
        make_real_wheel(tmp_path, "torch", "2.13.0+cu130", ("nvidia_cublas==13.0", "numpyish")),
        make_real_wheel(tmp_path, "nvidia_cublas", "13.0"),
        make_real_wheel(tmp_path, "numpyish", "1.0"),
    ]
    for wheel in wheels:
        page = tmp_path / wheel.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir()
        total = hashlib.sha256(wheel.read_bytes()).hexdigest()
        page.write_text(f'<a href="../{wheel.name}#sha256={total}">{wheel.name}</a>')
    monkeypatch.setattr(card_table.bootstrap, "read_pins", lambda: {"torch": "2.13.0"})
    with serving(tmp_path) as address:
        assert card_table.main(tmp_path / "card_pack.json", address) == 0
        table = load_table(tmp_path / "card_pack.json")
        _, packages = fetched(table, tmp_path / "pack")
    assert table.torch == "2.13.0+cu130"
    assert [row["name"] for row in table.files] == ["torch", "nvidia_cublas"]
    assert table.about_bytes == sum(wheel.stat().st_size for wheel in wheels[:2])
    assert (packages / "nvidia_cublas/__init__.py").exists()


@pytest.mark.parametrize(("torch", "python"), [("2.12.0+cu128", "this"), ("2.13.0+cu130", "cp39")])
def test_a_table_for_another_build_does_not_go_in(tmp_path, torch, python):
    this = "cp{}{}".format(*sys.version_info)
    table = tmp_path / "card_pack.json"
    table.write_text(json.dumps({"torch": torch, "python": this if python == "this" else python}))
    with pytest.raises(building.BundleProblem, match="Make it anew"):
        building.require_right_table("2.13.0", table)
    table.write_text(json.dumps({"torch": "2.13.0+cu130", "python": this}))
    building.require_right_table("2.13.0", table)
    building.require_right_table("2.13.0", tmp_path / "none.json")


def test_every_licence_has_its_own_place_and_those_of_qt_are_there(tmp_path):
    licences.main(tmp_path / "licences")
    inside = tmp_path / "licences"
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (inside / "pyside6/LGPL-3.0.txt").read_text(
        "utf-8"
    )
    assert "GNU GENERAL PUBLIC LICENSE" in (inside / "pyside6/GPL-3.0.txt").read_text("utf-8")
    for name in ("torch", "numpy"):
        shipped = licences._texts(distribution(name))
        kept = [path for path in (inside / name).rglob("*") if path.is_file()]
        assert len(kept) == len(shipped)


def test_windows_is_told_the_version(tmp_path):
    text = write_version(tmp_path / "version.txt", "1.2.3").read_text("utf-8")
    assert "filevers=(1, 2, 3, 0)" in text
    compile(text, "version.txt", "eval")


def test_the_window_and_the_installer_have_the_same_name_on_windows():
    from desktop.app import WINDOWS_ID

    setup = (ROOT / "packaging/windows/imprint.iss").read_text("utf-8")
    assert set(re.findall(r'AppUserModelID: "([^"]+)"', setup)) == {WINDOWS_ID}


def test_every_resource_that_the_program_opens_goes_in():
    places = {Path(source).name for source, _ in contents.DATA}
    assert {"resources", "LICENSE", "CHANGELOG.md"} <= places
