"""Parts of the engine's tests: pictures for a whole session, a model by its row, a live model."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.conftest import draw_pictures


@pytest.fixture(scope="session")
def pictures_folder(tmp_path_factory) -> Path:
    """Three pictures with captions, for tests that do not touch them."""
    return draw_pictures(tmp_path_factory.mktemp("session-pictures") / "pictures")


@pytest.fixture
def model_folder(request) -> Path:
    """The base model of a row of method_matrix.MODELS."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def live_models(monkeypatch) -> list:
    """Every model that a run of this test loads, still in memory after the run."""
    from engine import assembly

    loaded = []
    original = assembly.load_model

    def keep(*arguments, **options):
        loaded.append(original(*arguments, **options))
        return loaded[-1]

    monkeypatch.setattr(assembly, "load_model", keep)
    return loaded


@pytest.fixture(autouse=True)
def _signals_as_before():
    """The command line takes these over, and a child process would inherit SIGHUP as ignored."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, known in before.items():
        signal.signal(number, known)


@pytest.fixture(autouse=True, scope="session")
def _tokenizers_are_read_once():
    """The same files make the same tokenizer, and transformers needs a third of a second for it."""
    from engine.models import loader
    from engine.regular_files import require_regular

    read, known = loader._read_tokenizer, {}

    def read_once(folder: Path, **options):
        require_regular(folder)
        files = tuple((path.name, path.read_bytes()) for path in sorted(folder.glob("*.*")))
        key = (files, tuple(options.items()))
        if key not in known:
            known[key] = read(folder, **options)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "_read_tokenizer", read_once)
        yield
