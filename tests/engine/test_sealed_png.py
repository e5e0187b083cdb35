"""What a run draws again is drawn over its own picture alone, never over one that was retouched."""

from __future__ import annotations

import io

import pytest
from PIL import Image, PngImagePlugin

from engine.formats.sealed_png import is_as_drawn, sealed_png, write_sealed
from engine.storage import own_folder
from tests.engine_runs import require_finished, resume, stop_after, tiny_run, train


@pytest.fixture
def folder(tmp_path):
    own_folder(tmp_path / "run", "run")
    return tmp_path / "run"


def drawn(colour: str = "red") -> bytes:
    return sealed_png(Image.new("RGB", (64, 64), colour), {"parameters": "a fox"})


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_picture_is_known_by_its_pixels(tmp_path, mode):
    path = tmp_path / "a.png"
    path.write_bytes(sealed_png(Image.new(mode, (64, 48), 7), {}))
    assert is_as_drawn(path)


def test_a_picture_of_ours_is_drawn_over(folder):
    write_sealed(folder / "a.png", drawn("red"))
    write_sealed(folder / "a.png", drawn("blue"))
    assert files(folder) == {"a.png": drawn("blue")}


def retouched(path) -> None:
    """As programs do that keep the texts of a picture."""
    with Image.open(path) as image:
        texts = {key: text for key, text in image.info.items() if isinstance(text, str)}
        image.putpixel((3, 3), (0, 255, 0))
    path.write_bytes(with_texts(image, texts))


def with_texts(image: Image.Image, texts: dict[str, str]) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def of_another_program(path) -> None:
    Image.new("RGB", (64, 64), "green").save(path)


def no_picture(path) -> None:
    path.write_text("my notes")


def cut_short(path) -> None:
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize("change", [retouched, of_another_program, no_picture, cut_short])
def test_any_other_file_is_kept_under_another_name(folder, change):
    path = folder / "a.png"
    for number in range(2):
        write_sealed(path, drawn())
        change(path)
        theirs = path.read_bytes()
        write_sealed(path, drawn("blue"))
        assert path.read_bytes() == drawn("blue")
        kept = folder / ("earlier_a.png" if number == 0 else "earlier_a-2.png")
        assert kept.read_bytes() == theirs


@pytest.mark.slow
def test_a_sample_that_was_retouched_is_kept_at_a_resume(tiny_folder, pictures_folder, tmp_path):
    sampling = {"every_steps": 1, "prompts": ["a toy"], "num_inference_steps": 2}
    settings = tiny_run(
        tiny_folder, pictures_folder, tmp_path,
        training={"steps": 4}, sampling=sampling, checkpoints={"every_steps": 4},
    )  # fmt: skip
    run = train(settings, stop_after(2)).folder
    (third,) = (path.name.replace("000001", "000003") for path in run.samples.glob("step_000001*"))
    of_another_program(run.samples / third)
    of_another_program(run.sheet)
    theirs = run.sheet.read_bytes()
    require_finished(resume(run))
    assert (run.samples / f"earlier_{third}").read_bytes() == theirs
    assert (run.path / f"earlier_{run.sheet.name}").read_bytes() == theirs
    assert is_as_drawn(run.samples / third)
    assert is_as_drawn(run.sheet)
