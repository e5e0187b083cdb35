"""The walls of the house: who may import whom, how large a file may grow, what must not return."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.timing import PATIENCE

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "diffusers", "transformers", "peft", "accelerate")
LONGEST_FILE = 400


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )


def _modules(folder: str) -> list[str]:
    files = sorted((ROOT / folder).rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


def _first_that_pulls_in(modules: list[str], forbidden: tuple[str, ...]) -> str:
    """Import all in one process, one after another; say which one broke the rule, or nothing."""
    done = _run(
        f"import importlib, sys\n"
        f"for name in {modules!r}:\n"
        f"    importlib.import_module(name)\n"
        f"    for heavy in {forbidden!r}:\n"
        f"        if heavy in sys.modules:\n"
        f"            sys.exit(f'{{name}} pulls in {{heavy}}')\n"
    )
    return done.stderr.strip()


def test_the_folder_packaging_does_not_hide_the_library_packaging():
    assert not (ROOT / "packaging/__init__.py").exists()
    done = _run("import packaging.version; print(packaging.version.Version('1.0'))")
    assert done.stdout.strip() == "1.0", done.stderr


def test_the_engine_starts_without_qt():
    assert _first_that_pulls_in(_modules("engine"), ("PySide6", "desktop", "pyqtgraph")) == ""


def test_the_window_starts_without_torch():
    modules = [name for name in _modules("desktop") if name != "desktop.engine_thread"]
    assert _first_that_pulls_in(modules, HEAVY) == ""


def test_the_command_line_checks_its_flags_before_torch_is_loaded():
    assert _first_that_pulls_in(["main", "engine.cli"], HEAVY) == ""


def test_the_direction_rules_hold():
    done = _run("from importlinter.cli import lint_imports_command as run; run()")
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_thousand_signals_lose_no_reference_to_true():
    # PySide6 6.12.0 on CPython 3.11 loses one at each emit, and aborts after some hundred.
    done = _run(
        "import sys\n"
        "from PySide6.QtCore import QObject, Signal\n"
        "class Source(QObject):\n"
        "    said = Signal(object)\n"
        "source = Source()\n"
        "source.said.connect(lambda what: None)\n"
        "before = sys.getrefcount(True)\n"
        "for number in range(2000):\n"
        "    source.said.emit(number)\n"
        "print(before - sys.getrefcount(True))\n"
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100


@pytest.mark.parametrize("folder", ["engine", "desktop", "packaging"])
def test_no_file_grows_past_four_hundred_lines(folder):
    sizes = {
        file.relative_to(ROOT).as_posix(): len(file.read_text("utf-8").splitlines())
        for file in (ROOT / folder).rglob("*.py")
    }
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


def test_the_constraints_name_exact_versions_and_no_address():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if "://" in line or line.count("==") != 1] == []


def test_the_program_imports_nothing_from_the_folder_packaging():
    scripts = "|".join(file.stem for file in (ROOT / "packaging").glob("*.py"))
    pattern = re.compile(rf"^\s*(from|import)\s+(packaging\.)?({scripts})\b", re.MULTILINE)
    program = [
        ROOT / "main.py",
        *(ROOT / "engine").rglob("*.py"),
        *(ROOT / "desktop").rglob("*.py"),
    ]
    assert [file for file in program if pattern.search(file.read_text("utf-8"))] == []


# What makes code of data, or reads a file past the gate. Calls with a literal False are harmless.
OPENS_ANYTHING = re.compile(
    r"""(?<!safetensors\.)torch\.load\(|torch\.jit\.load\(|torch\.hub\.
    |pickle\.loads?\(|Unpickler\(|joblib|marshal\.loads?\(|allow_pickle\s*=\s*True
    |yaml\.(unsafe_|full_)?load\(|trust_remote_code\s*=\s*(?!False)
    |custom_pipeline|load_state\(|weights_only\s*=\s*False|shell\s*=\s*True|os\.system\(""",
    re.VERBOSE,
)


READS = re.compile(
    r"""\.open\(["']r|(?<!\brecords)(?<!\bregular_files)\.read_(?:bytes|text)\("""
    r"""|\bos\.open\([^()\n]*O_RDONLY|Image\.open\((?!io\.BytesIO|file\b)"""
)
READERS = {  # beside engine/regular_files.py, each for a reason
    "engine/doctor.py",  # a file that it has just written
    "engine/storage/pins.py",  # a folder, and nothing that is none
    "desktop/dialogs/help_dialog.py",  # pages of the program
}


def test_there_is_one_way_to_open_a_file_for_reading():
    """A pipe hangs whoever opens it, and no check of the name before it helps."""
    program = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]
    readers = {
        file.relative_to(ROOT).as_posix()
        for file in program
        if READS.search(file.read_text("utf-8"))
    }
    assert readers - {"engine/regular_files.py"} == READERS


_LISTS = {"iterdir", "scandir", "listdir", "walk"}
LISTERS = {"engine/regular_files.py", "engine/data/walk.py", "engine/data/file_marks.py"}


def test_there_is_one_way_to_list_a_folder():
    """Path.glob passes over a folder without rights, so that a part is taken for the whole, and
    raises at a disk that answers with an error; see `paths_in`, `listed` and `listed_below`."""
    found = []
    for file in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]:
        name = file.relative_to(ROOT).as_posix()
        if name in LISTERS or name.startswith("engine/storage/"):
            continue
        tree = ast.parse(file.read_text("utf-8"))
        expected = {
            node
            for block in ast.walk(tree)
            if isinstance(block, ast.Try | ast.With) and "OSError" in _heads(block)
            for node in ast.walk(block)
        }
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            is_raw = call.func.attr in _LISTS and ast.unparse(call.func.value) != "ast"
            if call.func.attr in ("glob", "rglob") or (is_raw and call not in expected):
                found.append(f"{name}: {ast.unparse(call)}")
    assert found == [], "\n".join(found)


def _heads(block: ast.Try | ast.With) -> str:
    """What a block says before its body: the errors that it expects."""
    if isinstance(block, ast.With):
        return " ".join(ast.unparse(item) for item in block.items)
    return " ".join(ast.unparse(handler.type) for handler in block.handlers if handler.type)


# What decodes a picture where it stands, without the limits and the threads of the image loader.
_DECODES = {"QPixmap", "QImage", "QIcon", "QPicture", "QMovie", "QImageReader", "QBitmap"}
_OPENS = {"addFile", "addPixmap", "fromData", "loadFromData", "QSvgRenderer", "QSvgWidget"}


def test_no_file_of_the_user_is_decoded_in_the_windows_thread():
    """A folder of a run may come from a stranger and hold a picture that takes all memory."""
    found = {
        (file.relative_to(ROOT).as_posix(), ast.unparse(call))
        for file in (ROOT / "desktop").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and call.args
        if ast.unparse(call.func).rpartition(".")[2] in _DECODES | _OPENS
    }
    assert found == {
        ("desktop/app.py", "QIcon(str(ICON))"),  # the program's own
        ("desktop/widgets/read_pictures.py", "QIcon(pixmap)"),  # of the loader
        # What a browser sent; Qt allows at most 256 MiB.
        (
            "desktop/dropped.py",
            "QImage.fromData(QByteArray.fromBase64(content.encode('ascii', 'ignore')))",
        ),
        (
            "desktop/image_loader.py",
            "QImage(image.tobytes(), image.width, image.height, row, QImage.Format.Format_RGB888)",
        ),
    }


ASKS = re.compile(r"\.(?:is_file|is_dir|exists|is_symlink|is_mount)\(\)")


def test_whether_something_is_there_is_asked_in_one_way():
    """pathlib's own methods raise for a name that is too long and for a folder without rights.

    An `entry` is that of a folder that was listed, or of an archive.
    """
    program = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]
    askers = {
        file.relative_to(ROOT).as_posix()
        for file in program
        if ASKS.search(re.sub(r"\bentry\.\w+\(\)", "", file.read_text("utf-8")))
    }
    assert askers == set()


def test_the_window_looks_at_files_by_what_never_raises():
    """Path.is_file and its like raise where a disk, a share or the rights fail: in a slot that is
    a traceback. engine/regular_files.py has the same without."""
    asks = re.compile(r"(?<!entry)\.(is_file|is_dir|exists|is_symlink)\(\)")
    files = sorted((ROOT / "desktop").rglob("*.py"))
    assert [file.name for file in files if asks.search(file.read_text("utf-8"))] == []


def test_no_timer_outlives_its_window():
    """QTimer.singleShot keeps the object of its slot until it fires: of a closed window, say."""
    for path in sorted((ROOT / "desktop").rglob("*.py")):
        assert "singleShot(" not in path.read_text("utf-8").replace("setSingleShot(", ""), path


def test_no_item_of_a_layout_comes_into_pythons_hands():
    """Qt frees them with the layout, Python frees them again when it collects garbage; seen as a
    crash in delete_garbage, in the destructor of a QWidgetItem."""
    items = re.compile(r"\.(?:itemAt|takeAt|itemAtPosition)\(|QFlowLayout|QWidgetItem\(")
    code = {file: file.read_text("utf-8") for file in (ROOT / "desktop").rglob("*.py")}
    assert [file.name for file, text in code.items() if items.search(text)] == []


def _calls_of_builtins(source: str) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_only_the_gate_opens_a_pickle_and_nothing_makes_code_of_data():
    program = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]
    found = {
        (file.relative_to(ROOT).as_posix(), match[0])
        for file in program
        for match in OPENS_ANYTHING.finditer(file.read_text("utf-8"))
    }
    assert found == {("engine/models/pickle_gate.py", "torch.load(")}
    for file in program:
        assert not _calls_of_builtins(file.read_text("utf-8")) & {"eval", "exec", "__import__"}


def test_the_gate_asks_torch_for_weights_only():
    gate = ast.parse((ROOT / "engine/models/pickle_gate.py").read_text("utf-8"))
    calls = [
        {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
        for node in ast.walk(gate)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load"
    ]
    assert calls == [{"map_location": "cpu", "weights_only": True}]


def test_what_is_shipped_names_no_place_where_it_was_made():
    for file in (ROOT / "resources").rglob("*.json"):
        data = json.loads(file.read_text("utf-8"))
        assert not isinstance(data, dict) or not data.get("_name_or_path"), file


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_every_file_can_lie_on_windows_and_on_macos():
    """One letter's case apart is the same file there, and some names are the system's own."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    ).stdout.split("\0")[:-1]
    assert len({name.casefold() for name in names}) == len(names) > 300
    parts = {part for name in names for part in Path(name).parts}
    reserved = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
    assert [part for part in parts if reserved.fullmatch(part) or part[-1] in ". "] == []
    assert [part for part in parts if set(part) & set('<>:"\\|?*')] == []
    assert max(map(len, names)) < 120  # a folder of the user's comes before


def _called_in(folder: str) -> dict[str, set[str]]:
    """The last name of everything that is called -> the files that call it."""
    calls: dict[str, set[str]] = {}
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                calls.setdefault(name, set()).add(file.relative_to(ROOT).as_posix())
    return calls


def test_only_what_owns_a_run_gets_an_accelerator():
    """accelerate keeps device and precision for the whole process: a short job that made an
    Accelerator between two steps of a training would change both under the training."""
    calls = _called_in("engine")
    assert calls["Accelerator"] == {"engine/device.py"}
    assert calls["_reset_state"] == {"engine/device.py"}
    assert calls["run_accelerator"] == {"engine/run.py", "engine/dry_run.py"}
    assert "AcceleratorState" not in calls
    owners = {
        function.name
        for module in ("run", "dry_run")
        for function in ast.walk(ast.parse((ROOT / f"engine/{module}.py").read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "run_accelerator"
    }
    assert owners == {"run", "resume", "_tried"}


# What changes the result of other code on the thread, or the weights of a model that a run shares.
_CHANGES_THE_THREAD = re.compile(
    r"autocast\(|as_result\(|drawing\(|swapped_in\(|weights_kept\(|evaluation\(|no_grad\("
    r"|inference_mode\(|enable_grad\(|torch\.device\(|base_model\("
)


def test_no_generator_yields_inside_a_context_that_changes_what_other_code_computes():
    found = {
        (file.relative_to(ROOT).as_posix(), function.name)
        for file in (ROOT / "engine").rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        and not any("contextmanager" in ast.unparse(d) for d in function.decorator_list)
        for block in ast.walk(function)
        if isinstance(block, ast.With)
        and any(_CHANGES_THE_THREAD.search(ast.unparse(item.context_expr)) for item in block.items)
        and any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(block))
    }
    assert found == set()


def _own_nodes(function: ast.FunctionDef) -> list[ast.AST]:
    """All of a function's own nodes, without those of functions inside it."""
    found, waiting = [], list[ast.AST](function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            found.append(node)
            waiting += ast.iter_child_nodes(node)
    return found


def test_a_generator_that_returns_a_value_says_so_in_its_type():
    """Of an Iterator, `found = yield from work()` has no type, and nothing checks its uses."""
    untyped = {
        f"{file.relative_to(ROOT).as_posix()}: {function.name}"
        for folder in ("engine", "desktop", "packaging", "tests")
        for file in (ROOT / folder).rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef) and function.returns is not None
        for nodes in [_own_nodes(function)]
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes)
        and any(isinstance(n, ast.Return) and n.value is not None for n in nodes)
        and not ast.unparse(function.returns).startswith("Generator[")
    }
    assert untyped == set()


def test_no_test_waits_for_a_time_that_suits_one_machine():
    """A bound in seconds is too short for some computer: waits end in PATIENCE, of tests.timing."""
    waits = {"wait", "join", "communicate", "acquire", "waitUntil", "waitSignal", "waitSignals"}
    found = {
        f"{file.relative_to(ROOT).as_posix()}:{call.lineno}"
        for file in (ROOT / "tests").rglob("*.py")
        if not {"soak", "benchmarks"} & set(file.parts)
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        for bound in _bounds(call, call.func.attr in waits)
        if isinstance(bound, ast.Constant) and isinstance(bound.value, int | float)
        if ast.unparse(call.func) not in ("qtbot.wait", "self._changed.wait")  # pauses
    }
    assert found == set()


def _bounds(call: ast.Call, waits: bool) -> list[ast.expr]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "timeout"]
    return named + (call.args if waits else [])
