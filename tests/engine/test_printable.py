"""Texts from outside on the terminal: names, captions and errors hold sequences that set its title
or its clipboard, and line breaks that would look like lines of ours."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import cli
from engine.cli_reporter import Reporter
from engine.errors import UserError
from engine.events import CaptionMade, RunCrashed, RunFailed
from engine.wording import printable, printable_json
from tests.conftest import build_tiny_model
from tests.engine_runs import tiny_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="such names are not possible there")

CONTROLS = "".join(map(chr, [*range(1, 32), *range(0x7F, 0xA0)]))
UNSEEN = "\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\U000e0041"
NO_TEXT = "\udc9b"  # a byte of a name that is no UTF-8
SEQUENCES = "\x1b]0;title\x07\x1b]52;c;eA==\x07\x9b31m\x1b[2J\r\nDone.\n"
BAD = CONTROLS + UNSEEN + NO_TEXT + SEQUENCES


TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def require_printable(shown: bytes) -> None:
    """Nothing in it but letters and the ends of lines."""
    text = shown.decode("utf-8")
    signs = {sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs")}
    assert signs <= {"\n"}
    assert {sign for sign in text if unicodedata.bidirectional(sign) in TURNING} == set()
    assert "\u2028" not in text
    assert "\u2029" not in text


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("base") / f"base{SEQUENCES}{UNSEEN}")


@pytest.fixture
def config(base, image_folder, tmp_path) -> Path:
    """Of a training whose every name is bad."""
    (image_folder / "picture0.png").rename(image_folder / f"{SEQUENCES}.png")
    (image_folder / f"{CONTROLS}{NO_TEXT}.png").write_bytes(b"no picture")
    (image_folder / "picture1.txt").write_text(f"a{BAD[:-1]}b", "utf-8", "surrogatepass")
    images = image_folder.rename(tmp_path / f"pictures{SEQUENCES}{UNSEEN}")
    data = tiny_run(base, images, tmp_path / f"runs{SEQUENCES}", training={"steps": 2})
    data["name"] = f"toy{SEQUENCES}"
    (tmp_path / "config.json").write_text(json.dumps(data), "utf-8")
    return tmp_path / "config.json"


def said(capsysbinary, *arguments: str | Path) -> bytes:
    """On both streams; the command succeeds."""
    capsysbinary.readouterr()
    assert cli.main([str(argument) for argument in arguments]) == 0
    out, err = capsysbinary.readouterr()
    return out + err


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_no_name_reaches_the_terminal_as_it_is(config, base, tmp_path, capsysbinary, as_json):
    data = json.loads(config.read_text("utf-8"))
    checked = said(capsysbinary, "check", "--images", data["dataset"]["folder"], *as_json)
    require_printable(checked)
    assert b"Done." not in checked.split(b"\n")[:-2]
    require_printable(said(capsysbinary, "train", config, "--dry-run", *as_json))
    trained = said(capsysbinary, "train", config, *as_json)
    (run,) = Path(data["runs_folder"]).iterdir()
    out = tmp_path / f"out{SEQUENCES}"
    require_printable(
        said(capsysbinary, "export", run, "--format", "diffusers", "--out",
             out / f"{UNSEEN}.safetensors", *as_json)
    )  # fmt: skip
    require_printable(
        said(capsysbinary, "generate", "--base", base, "--prompt", f"a{BAD}", "--size", "32",
             "--steps", "1", "--out", out, *as_json)
    )  # fmt: skip
    if as_json:
        events = [json.loads(line) for line in checked.split(b"\n") if line.startswith(b"{")]
        assert f"{SEQUENCES}.png" in [event.get("name") for event in events]
        require_printable(trained)
    else:
        require_printable(trained.replace(b"\r", b""))  # of the bar


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_no_name_reaches_the_terminal_in_an_error(tmp_path, capsysbinary, as_json):
    for arguments in (
        ["check", "--images", f"/nowhere{BAD}"],
        ["train", f"/nowhere{BAD}.json"],
        ["train", "--images", str(tmp_path), "--set", f"training.{BAD}=1"],
        ["generate", "--prompt", "x", "--base", f"/nowhere{BAD}"],
        ["resume", f"/nowhere{BAD}"],
        ["export", f"/nowhere{BAD}", "--format", "kohya", "--out", "x"],
    ):
        assert cli.main([*arguments, *as_json]) == 1
        require_printable(b"".join(capsysbinary.readouterr()))


def test_no_argument_reaches_the_terminal_in_a_message_about_usage(capsysbinary):
    """As a pattern of the shell gives them."""
    with pytest.raises(SystemExit):
        cli.main(["check", "--images", "x", f"a{BAD}.png"])
    shown = b"".join(capsysbinary.readouterr())
    require_printable(shown)
    assert b"Done." not in shown.split(b"\n")


def test_a_crash_and_what_a_library_says_obey_nobody(capsysbinary):
    from engine.terminal import guard_streams

    guard_streams()
    events = [
        RunCrashed(traceback=f"Traceback:\n  {BAD}\n"),
        CaptionMade(key="", path="x", text=BAD),
    ]
    Reporter(as_lines=False).show(iter(events))
    print(BAD.replace("\t", ""), file=sys.stderr)
    require_printable(b"".join(capsysbinary.readouterr()))


@given(st.text())
def test_a_printable_text_is_one_line_without_control_characters(text):
    require_printable(printable(text).encode())
    assert "\n" not in printable(text)


@given(st.text())
def test_a_printable_json_text_means_the_same(text):
    line = json.dumps(text, ensure_ascii=False)
    shown = printable_json(line)
    assert json.loads(shown) == text
    require_printable(shown.encode())


def test_letters_of_all_scripts_stay_as_they_are():
    text = "一只猫\u3000è\u00a0क्‍ष می\u200cخواهم 👩‍👩‍👧 \ue000"
    assert printable(text) == text


def test_an_error_of_ours_is_one_line_however_its_facts_are_broken(capsysbinary):
    class Broken(UserError):
        summary = "{path} is broken."

    Reporter(as_lines=False).show(iter([RunFailed(error=Broken(path="a\nDone.\nb"))]))
    assert capsysbinary.readouterr().err.count(b"\n") == 1
