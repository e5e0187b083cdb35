"""A link inside a folder from elsewhere leads nobody out of it, neither to read nor to write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from engine import storage
from engine.control import Control
from engine.data.scan import Scan, scan_folder
from engine.dataset_notices import LeftOut
from engine.errors import OutputNotWritable
from engine.events import Noticed, RunFailed
from engine.output_errors import LinkInTheWay
from engine.project import Project, RunFolder
from engine.run import resume
from tests.engine_runs import require_finished, tiny_run, train

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
pytestmark = needs_links


def decoy(folder: Path) -> dict[str, bytes]:
    """Files of the user that nothing may touch; returns what is in them."""
    folder.mkdir()
    names = ("sample-cat.safetensors", ".precious.part", "step_000001_0.png", "letter.txt")
    for name in names:
        (folder / name).write_bytes(name.encode())
    (folder / ".tmp-mywork").mkdir()
    (folder / ".tmp-mywork" / "work.txt").write_bytes(b"work")
    return content(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def run(tiny_folder, pictures_folder, tmp_path) -> RunFolder:
    """Of a stranger: without our mark, as one of an earlier Imprint is."""
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", training={"steps": 2},
        sampling={"every_steps": 1}, checkpoints={"every_steps": 1},
    )  # fmt: skip
    folder = require_finished(train(data)).folder
    (folder.path / storage.MARK).unlink()
    folder.result.unlink()
    return folder


def aside(path: Path) -> None:
    path.rename(path.with_name(f"real-{path.name}"))


@pytest.mark.parametrize("part", ["exports", "samples", "checkpoints"])
def test_a_run_whose_folders_are_links_touches_nothing_behind_them(run, tmp_path, part):
    before = decoy(tmp_path / "victim")
    aside(run.path / part)
    (run.path / part).symlink_to(tmp_path / "victim")
    *_, last = resume(run.path, Control())
    assert content(tmp_path / "victim") == before
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, LinkInTheWay)


@pytest.mark.parametrize(
    "name", ["metrics.jsonl", "result.json", "start.json", "exported.json", "before_after.png"]
)
def test_a_run_whose_files_are_links_writes_through_none_of_them(run, tmp_path, name):
    bashrc = tmp_path / ".bashrc"
    bashrc.write_text("alias ll='ls -l'\n")
    if (run.path / name).exists():
        aside(run.path / name)
    (run.path / name).symlink_to(bashrc)
    list(resume(run.path, Control()))
    assert bashrc.read_text() == "alias ll='ls -l'\n"


def test_the_mark_of_a_run_that_is_a_link_is_not_followed(run, tmp_path):
    (run.path / storage.MARK).symlink_to(tmp_path / "made")
    list(resume(run.path, Control()))
    assert not (tmp_path / "made").exists()


def test_a_link_that_comes_while_a_file_is_written_is_not_followed(tmp_path):
    folder = tmp_path / "run"
    storage.own_folder(folder, "run")
    storage.make_folder(folder / "samples")
    before = decoy(tmp_path / "victim")
    with storage.atomic_write(folder / "samples/letter.txt") as file:
        file.write(b"new")
        aside(folder / "samples")
        (folder / "samples").symlink_to(tmp_path / "victim")
    assert content(tmp_path / "victim") == before
    assert (folder / "real-samples/letter.txt").read_bytes() == b"new"


def test_above_the_outermost_folder_that_is_ours_links_are_the_users_own(tmp_path):
    (tmp_path / "large disk").mkdir()
    (tmp_path / "small disk").symlink_to(tmp_path / "large disk")
    project = Project(tmp_path / "small disk" / "toy")
    project.save_draft({"name": "toy"})
    project.save_draft({"name": "toy", "steps": 1})
    assert project.load_draft()["steps"] == 1


@pytest.mark.parametrize("part", ["runs", "generated", "captions", "images"])
def test_a_project_whose_folders_are_links_refuses_to_write_there(tmp_path, part):
    project = Project(tmp_path / "toy")
    project.save_draft({"name": "toy"})
    before = decoy(tmp_path / "victim")
    (project.folder / part).symlink_to(tmp_path / "victim")
    for write in (
        lambda path: storage.write_bytes(path, b"new"),
        lambda path: storage.write_new(path, b"new"),
        storage.remove_own,
        lambda path: storage.move_new(path, path.with_name("other")),
        lambda path: storage.require_writable(path.parent),
        lambda path: storage.commit_folder(path, lambda hidden: None),
    ):
        with pytest.raises(LinkInTheWay):
            write(project.folder / part / "letter.txt")
    storage.sweep(project.folder / part)
    assert content(tmp_path / "victim") == before


def picture(path: Path) -> None:
    Image.effect_noise((600, 600), 60).convert("RGB").save(path)


def scanned(folder: Path) -> Scan:
    return next(found for found in scan_folder(folder) if isinstance(found, Scan))


@pytest.mark.parametrize(
    "name", ["p0.txt", "p0.caption", "p0.png.txt", "p0.json", "metadata.jsonl"]
)
def test_a_caption_that_is_a_link_to_outside_is_left_out_and_named(tmp_path, name):
    secret = tmp_path / "secret.txt"
    secret.write_text('{"caption": "my password", "file_name": "p0.png", "text": "my password"}')
    folder = tmp_path / "set"
    folder.mkdir()
    picture(folder / "p0.png")
    (folder / name).symlink_to(secret)
    scan = scanned(folder)
    assert "password" not in scan.items[0].caption
    left = [notice for notice in scan.notices if isinstance(notice, LeftOut)]
    assert any(name in str(notice.facts) for notice in left)


def test_a_link_to_a_caption_inside_of_the_set_is_read(tmp_path):
    (tmp_path / "words").mkdir()
    (tmp_path / "words/of.txt").write_text("a red cat")
    picture(tmp_path / "p0.png")
    (tmp_path / "p0.txt").symlink_to(tmp_path / "words/of.txt")
    assert scanned(tmp_path).items[0].caption == "a red cat"


def test_a_mask_that_is_a_link_to_outside_is_left_out(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    picture(folder / "p0.png")
    picture(tmp_path / "private.png")
    (folder / "p0-mask.png").symlink_to(tmp_path / "private.png")
    scan = scanned(folder)
    assert scan.items[0].mask is None
    assert any("p0-mask.png" in str(n.facts) for n in scan.notices if isinstance(n, LeftOut))


def test_an_own_caption_of_a_strangers_project_that_is_a_link_is_not_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("my password")
    folder, own = tmp_path / "set", tmp_path / "project/captions"
    folder.mkdir()
    own.mkdir(parents=True)
    picture(folder / "p0.png")
    (own / f"{storage.sha256_of(folder / 'p0.png')}.txt").symlink_to(secret)
    scan = next(found for found in scan_folder(folder, own) if isinstance(found, Scan))
    assert "password" not in scan.items[0].caption


def test_a_caption_is_not_written_through_a_link(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    (tmp_path / "set").mkdir()
    (tmp_path / "set/p0.txt").symlink_to(secret)
    with pytest.raises(OutputNotWritable):
        storage.write_text(tmp_path / "set/p0.txt", "new", root=tmp_path / "set", over=True)
    assert secret.read_text() == "mine"


def test_a_notice_of_what_is_kept_can_be_shown():
    from engine.output_notices import FileKept

    told = Noticed(notice=FileKept(path="/a/b", kept="c", folder="/a"))
    assert "/a/b" in str(told.notice)
    assert "c" in told.notice.advice
