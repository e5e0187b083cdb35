"""The set-up script: which torch it takes, when it does nothing, what it says when it cannot."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "packaging"


def _script(name: str):
    # As Python itself does for a started script: its folder comes first on the path.
    sys.path.insert(0, str(SCRIPTS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(SCRIPTS))


bootstrap = _script("bootstrap")
venv = _script("virtual_environment")
system_packages = _script("system_packages")
check_files = _script("check_files")

CPU = ["--index-url", "https://download.pytorch.org/whl/cpu"]
CUDA = ["--index-url", "https://download.pytorch.org/whl/cu130"]


@pytest.mark.parametrize(
    ("system", "nvidia", "pip_configured", "arguments"),
    [
        ("Linux", False, False, CPU),
        ("Linux", True, False, []),
        ("Windows", False, False, CPU),
        ("Windows", True, False, CUDA),
        ("Darwin", False, False, []),
        ("FreeBSD", False, False, []),
        ("Linux", False, True, []),
        ("Linux", True, True, []),
        ("Windows", False, True, []),
        ("Windows", True, True, []),
        ("Darwin", False, True, []),
    ],
)
def test_each_computer_gets_its_torch_build(system, nvidia, pip_configured, arguments):
    assert bootstrap.torch_source(system, nvidia, pip_configured) == arguments


@pytest.mark.parametrize(
    ("listing", "found"),
    [
        ("", False),
        ("global.timeout='60'\n", False),
        ("global.index-url='https://pip.example/simple'\n", True),
        ("global.extra-index-url='https://pip.example/simple'\n", True),
        ("install.find-links='/wheels'\n", True),
        (":env:.no-index='1'\n", True),
        (":env:.no-index='false'\n", False),
        ("global.index-url=''\n", False),
        ("search.index-url='https://pip.example/pypi'\n", False),
        ("global.timeout='60'\nglobal.index-url='https://pip.example/?a=b'\n", True),
    ],
)
def test_an_index_is_found_in_what_pip_lists(listing, found):
    assert bootstrap.names_an_index(listing) is found


@pytest.fixture
def pip_knows_nothing(monkeypatch):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(venv, "python_path", lambda: Path(sys.executable))


def test_a_bare_pip_has_no_index(pip_knows_nothing):
    assert not bootstrap.pip_has_index()


@pytest.mark.parametrize(
    "name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"]
)
def test_a_variable_of_pip_counts_as_an_index(pip_knows_nothing, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    assert bootstrap.pip_has_index()


def test_a_configuration_file_of_pip_counts_as_an_index(pip_knows_nothing, monkeypatch, tmp_path):
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://pip.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert bootstrap.pip_has_index()


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """A `.venv` that looks whole, and a list of what is asked of pip."""
    folder = tmp_path / ".venv"
    monkeypatch.setattr(venv, "VENV", folder)
    monkeypatch.setattr(bootstrap, "pip_has_index", lambda: True)
    monkeypatch.setattr(bootstrap, "_offer_qt_libraries", lambda: None)
    asked: list[list[str]] = []
    monkeypatch.setattr(venv, "install", lambda arguments, what: asked.append(arguments))

    def make():
        venv.python_path().parent.mkdir(parents=True)
        venv.python_path().write_text("")
        (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")

    monkeypatch.setattr(venv, "make", make)
    monkeypatch.setattr(venv, "is_whole", lambda: venv.python_path().exists())
    return asked


def test_a_set_up_program_is_not_set_up_again(installed):
    bootstrap.make_ready("run")
    installed.clear()

    bootstrap.make_ready("run")

    assert installed == []


def test_torch_comes_first_pinned_and_alone(installed):
    bootstrap.make_ready("run")

    first, second = installed
    assert "--no-deps" in first
    assert f"torch=={bootstrap.read_pins()['torch']}" in first
    assert second[:2] == ["--constraint", str(ROOT / "constraints.txt")]


def test_tools_are_installed_only_for_work_on_the_program(installed):
    bootstrap.make_ready("run")
    assert not any("pytest" in argument for argument in installed[-1])

    bootstrap.make_ready("dev")
    assert any("pytest" in argument for argument in installed[-1])


def test_a_set_up_with_tools_serves_the_program_too(installed):
    bootstrap.make_ready("dev")
    assert bootstrap.stamp_is_good("run")


def test_an_interrupted_set_up_leaves_no_stamp(installed, monkeypatch):
    def stop(arguments, what):
        raise KeyboardInterrupt

    monkeypatch.setattr(venv, "install", stop)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.make_ready("run")
    assert not bootstrap.stamp_is_good("run")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "older"}'])
def test_a_spoilt_or_older_stamp_means_another_set_up(installed, text):
    bootstrap.make_ready("run")
    (venv.VENV / bootstrap.STAMP).write_text(text)
    assert not bootstrap.stamp_is_good("run")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("constraints.txt", "torch==", "torch==9."),
        ("pyproject.toml", "wakepy>=1.0", "wakepy>=1.1"),
    ],
)
def test_a_changed_dependency_means_another_set_up(
    installed, monkeypatch, tmp_path, file, old, new
):
    bootstrap.make_ready("run")
    for name in ("constraints.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    assert bootstrap.stamp_is_good("run")

    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), "utf-8")

    assert not bootstrap.stamp_is_good("run")


def test_a_package_cut_short_makes_the_environment_anew(monkeypatch, tmp_path):
    monkeypatch.setattr(venv, "VENV", tmp_path)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    package = next(tmp_path.glob("[Ll]ib/**/site-packages")) / "pip-1.dist-info"
    (package.parent / "pip").mkdir()
    (package.parent / "pip/__init__.py").touch()
    package.mkdir()
    assert not venv.is_whole()
    (package / "INSTALLER").write_text("pip\n")
    assert venv.is_whole()


def test_another_torch_after_the_second_step_stops_the_set_up(installed, monkeypatch):
    versions = iter(["2.13.0+cpu", "2.13.0", "2.13.0"])
    monkeypatch.setattr(venv, "torch_version", lambda: next(versions))
    with pytest.raises(venv.SetupProblem, match=r"replaced torch 2.13.0\+cpu by 2.13.0"):
        bootstrap.make_ready("run")
    assert not bootstrap.stamp_is_good("run")


def test_missing_libraries_are_named_with_the_command_that_brings_them():
    sentence = system_packages.advice({"libGL.so.1": "libgl1", "libEGL.so.1": "libegl1"}, "Qt")
    assert "libEGL.so.1, libGL.so.1" in sentence
    assert "sudo apt-get install libegl1 libgl1" in sentence


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves Qt's libraries to its user")
def test_a_library_that_does_not_load_is_missing(monkeypatch):
    monkeypatch.setattr(
        system_packages, "QT_LIBRARIES", {"libc.so.6": "libc6", "libno-such.so.1": "no-such"}
    )
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert system_packages.missing_for_window() == {"libno-such.so.1": "no-such"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"DISPLAY": ""}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"QT_QPA_PLATFORM": "offscreen"}, True),
    ],
)
def test_a_display_is_known_by_its_variables(monkeypatch, variables, expected):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert bootstrap.has_display() is expected


@pytest.mark.parametrize(
    ("display", "extra", "started"),
    [
        (True, [], ["main.py"]),
        (False, [], ["main.py", "train"]),
        (False, ["doctor"], ["main.py", "doctor"]),
        (True, ["--", "train", "--steps", "3"], ["main.py", "train", "--steps", "3"]),
    ],
)
def test_run_opens_the_window_or_trains_the_sample(monkeypatch, display, extra, started):
    monkeypatch.setattr(bootstrap, "make_ready", lambda group: None)
    monkeypatch.setattr(bootstrap, "has_display", lambda: display)
    monkeypatch.setattr(system_packages, "missing_for_window", dict)
    become: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "_become", lambda what, _: become.append(what) or 0)

    assert bootstrap.main(["run", *extra]) == 0

    assert become == [started]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "the disk is full"),
        ("NewConnectionError: Temporary failure in name resolution", "Check the internet"),
        ("ERROR: No matching distribution found for torch==2.13.0", "may be too new or too rare"),
    ],
)
def test_a_failed_installation_says_what_to_do(said, sentence):
    assert sentence in venv.pip_sentence("torch", said)


def test_a_python_without_venv_names_the_package_that_brings_it(monkeypatch):
    monkeypatch.setattr(venv, "_module_missing", lambda: True)
    monkeypatch.setattr(system_packages, "install", lambda packages: False)
    major, minor = sys.version_info[:2]
    with pytest.raises(venv.SetupProblem, match=rf"apt-get install python{major}\.{minor}-venv"):
        venv.make()


def test_an_old_python_is_told_which_one_is_needed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    assert bootstrap.main(["run"]) == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["bootstrap", "virtual_environment", "system_packages"])
def test_an_old_python_can_read_the_script_as_far_as_that_sentence(name):
    ast.parse((SCRIPTS / f"{name}.py").read_text("utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("good.py", b"x = 1\n", None),
        ("empty.py", b"", None),
        ("cut.py", b"x = 1", "exactly one newline"),
        ("long.md", b"words\n\n", "exactly one newline"),
        ("large.bin", b"0" * (2**20 + 1), "at most 1 may enter"),
    ],
)
def test_files_that_must_not_enter_are_named(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content)
    problems = check_files.problems_of(tmp_path, name)
    assert (problem is None and problems == []) or (problem and problem in problems[0])


@pytest.mark.skipif(not bootstrap.stamp_is_good("run"), reason=".venv was set up by other means")
def test_a_second_start_costs_less_than_twice_a_start_without_the_set_up():
    direct = [str(venv.python_path()), str(ROOT / "main.py"), "--help"]
    through = [sys.executable, str(SCRIPTS / "bootstrap.py"), "run", "--", "--help"]

    def cost(command: list[str]) -> float:
        start = os.times()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        end = os.times()
        if os.name == "nt":  # which does not count the time of children
            return end.elapsed - start.elapsed
        # The processor's seconds: the clock's depend on who else is at work here.
        begun = start.children_user + start.children_system
        return end.children_user + end.children_system - begun

    assert min(cost(through) for _ in range(3)) < 2 * min(cost(direct) for _ in range(3))


def test_the_stamp_tells_the_groups_apart(installed):
    bootstrap.make_ready("dev")
    stamp = json.loads((venv.VENV / bootstrap.STAMP).read_text("utf-8"))
    assert stamp["run"] != stamp["dev"]
