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


@pytest.fixture
def ctrl_c_as_before():
    """The command line takes SIGINT and SIGTERM over; give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, known in before.items():
        signal.signal(number, known)
