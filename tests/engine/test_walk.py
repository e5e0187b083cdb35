"""What in a folder is the subject, what is not, and that it is said."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from engine.check import check_pictures
from engine.control import Control
from engine.data import ignored
from engine.data.findings import examine
from engine.data.picture_index import PictureIndex
from engine.data.scan import Scan, scan_folder
from engine.data.survey import Listed, survey
from engine.data.walk import Walked, walk, worth_saying
from engine.dataset_notices import KohyaFolders, LeftOut, MasksFound
from engine.errors import FolderMissing, InputNotReadable, NoPictures
from engine.events import Noticed, RunFailed
from engine.storage import own_folder
from tests.timing import a_million_additions, cpu_seconds


@pytest.mark.parametrize("kind", ["run", "comparison", "project"])
def test_what_imprint_made_among_the_pictures_is_left_out(make, kind):
    """The sheet of a run shows pictures beside what was drawn."""
    folder = make("a.png")
    own_folder(folder / "0001_2026-11-30_0900_toy_lora", kind)
    make("0001_2026-11-30_0900_toy_lora/before_after.png")
    walked = walk(folder)
    assert names(walked) == ["a.png"]
    assert "It was made by Imprint" in str(walked.notices[0])
    (folder / "a.png").unlink()
    assert names(walk(folder)) == []


def test_a_run_of_an_earlier_imprint_among_the_pictures_is_left_out(make):
    run = "0001_2026-11-30_0900_toy_lora"
    folder = make("a.png", f"{run}/before_after.png", f"{run}/config.json", f"{run}/checkpoints/x")
    assert names(walk(folder)) == ["a.png"]


@pytest.fixture
def make(tmp_path):
    """Empty files by their names; a walk opens none."""

    def touch(*names: str) -> Path:
        for name in names:
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "set"

    return touch


def names(walked: Walked) -> list[str]:
    return [walked.name_of(path) for path in walked.files]


def masks(walked: Walked) -> dict[str, str]:
    return {walked.name_of(p): walked.name_of(mask) for p, mask in walked.masks.items()}


def reasons(walked: Walked) -> dict[str, str]:
    """What is left out, by its names."""
    left_out = [notice for notice in walked.notices if isinstance(notice, LeftOut)]
    return {str(notice.facts["names"]): str(notice.facts["reason"]) for notice in left_out}


# ---- masks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("1.png", "1-masklabel.png"),  # OneTrainer
        ("1.jpg", "1-masklabel.png"),
        ("1.png", "1-mask.png"),
        ("1.PNG", "1-MASK.png"),
        ("1.jpg", "1_mask.PNG"),
        ("1.png", "1_mask.png"),
        ("1.png", "1.mask.png"),
        ("1.png", "1_Mask.PNG"),
        ("1.png", "1.png-mask.png"),
        ("1.png", "masks/1.png"),
        ("1.png", "mask/1.jpg"),
        ("1.png", "masks/1_mask.png"),
        ("deep/er/1.png", "deep/er/masks/1.png"),
        ("deep/1.png", "masks/deep/1.png"),
        ("images/1.png", "masks/1.png"),
    ],
)
def test_masks_of_other_trainers_are_masks_and_no_pictures(make, picture, mask):
    walked = walk(make(picture, mask, "another.png"))
    assert sorted(names(walked)) == sorted([picture, "another.png"])
    assert masks(walked) == {picture: mask}
    (notice,) = walked.notices
    assert isinstance(notice, MasksFound)
    assert notice.sentence == f"Masks of 1 pictures: {mask}."


def test_a_mask_without_its_picture_is_left_out_where_its_name_can_be_no_pictures(make):
    walked = walk(make("1.png", "2-masklabel.png", "masks/3.png", "1-condlabel.png"))
    assert names(walked) == ["1.png"]
    said = reasons(walked)
    assert "there is no picture of that name" in said["2-masklabel.png, masks/3.png"]
    assert "conditioning picture of OneTrainer" in said["1-condlabel.png"]


def test_a_picture_whose_name_ends_in_mask_is_a_picture_where_nothing_is_masked(make):
    assert names(walk(make("venetian_mask.png", "mask.png"))) == ["mask.png", "venetian_mask.png"]


def test_masks_are_no_news_to_a_run_that_uses_them(make):
    notices = walk(make("1.png", "1_mask.png")).notices
    assert worth_saying(notices, "off") == notices
    assert worth_saying(notices, "file") == ()


# ---- class pictures, and what trainers write ----------------------------------------------------


def test_the_tree_of_kohyas_trainer_is_only_its_subject(make):
    folder = make(
        "img/10_sks dog/0.png", "img/10_sks dog/1.png", "reg/1_dog/r0.png", "reg/1_dog/r1.png",
        "model/sample/s1.png", "model/last.safetensors", "log/events.out.tfevents.1",
    )  # fmt: skip
    walked = walk(folder)
    assert names(walked) == ["img/10_sks dog/0.png", "img/10_sks dog/1.png"]
    said = reasons(walked)
    assert "class pictures (regularization)" in said["reg/ (2)"]
    assert "samples, logs, models or caches of a training program" in said["model/ (1)"]
    (kohya,) = [notice for notice in walked.notices if isinstance(notice, KohyaFolders)]
    assert "img/10_sks dog (10 × “sks dog”)" in kohya.sentence
    assert "Set the repeats, the trigger word" in kohya.advice


@pytest.mark.parametrize(
    ("subject", "classes"),
    [("10_sks dog", "1_dog"), ("20_ohwx  red car", "1_car"), ("5_zwx Dog", "3_dog")],
)
def test_a_folder_called_as_the_class_beside_the_subjects_is_class_pictures(make, subject, classes):
    walked = walk(make(f"{subject}/0.png", f"{classes}/0.png"))
    assert names(walked) == [f"{subject}/0.png"]
    assert "class pictures" in reasons(walked)[f"{classes}/ (1)"]


def test_two_subjects_beside_each_other_are_both_subjects(make):
    walked = walk(make("10_sks dog/0.png", "10_zwx cat/0.png", "5_dog sks/0.png"))
    assert len(names(walked)) == 3


@pytest.mark.parametrize("name", ["reg", "Regularization_Images", "class", "class_images"])
def test_class_pictures_are_left_out_even_alone_with_what_to_do(make, name):
    folder = make(f"{name}/0.png")
    *_, last = check_pictures(folder, None, Control())
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, NoPictures)
    assert "choose it as the pictures" in reasons(walk(folder))[f"{name}/ (1)"]
    assert names(walk(folder / name)) == ["0.png"]


@pytest.mark.parametrize(
    "name",
    ["sample", "samples", "logs", "model", "workspace/run/samples", "_latent_cache", "output"],
)
def test_folders_that_trainers_write_are_left_out_beside_pictures_and_taken_alone(make, name):
    walked = walk(make("0.png", f"{name}/1.png", f"{name}/1.txt"))
    assert names(walked) == ["0.png"]
    assert walked.orphans == ()
    assert len(reasons(walked)) == 1
    (walked.folder / "0.png").unlink()
    assert names(walk(walked.folder)) == [f"{name}/1.png"]


def test_caches_and_weights_beside_pictures_are_not_read_at_all(make):
    walked = walk(
        make("0.png", "0.npz", "0_0512x0512_sd.npz", "last.safetensors", "x.ckpt", "a.pt")
    )
    assert names(walked) == ["0.png"]
    assert walked.notices == ()


# ---- what systems and other programs leave -------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("._0.png", ignored.SYSTEM),
        (".trashed-1699999999-IMG_1.jpg", ignored.DELETED),
        (".pending-1699999999-IMG_1.jpg", ignored.TEMPORARY),
        (".hidden.png", ignored.HIDDEN),
        ("~$a.png", ignored.TEMPORARY),
        ("a.png~", ignored.TEMPORARY),
        ("a.png.part", ignored.TEMPORARY),
        ("a.jpg.crdownload", ignored.TEMPORARY),
        ("a.jpg_original", ignored.TEMPORARY),
        ("a.jpg.bak", ignored.TEMPORARY),
        ("~syncthing~a.jpg.tmp", ignored.TEMPORARY),
        ("a.sync-conflict-20240131-120000-ABCDEF7.jpg", ignored.CONFLICT),
        ("a (Bob's conflicted copy 2024-01-31).jpg", ignored.CONFLICT),
        ("a (conflicted copy 2024-01-31 120000).jpg", ignored.CONFLICT),
        ("a_conflict-20240131-120000.jpg", ignored.CONFLICT),
        ("a (Case Conflict).jpg", ignored.CONFLICT),
        ("SYNOPHOTO_THUMB_XL.jpg", ignored.SYSTEM),
        ("clip.MP4", ignored.VIDEO),
        ("clip.mov", ignored.VIDEO),
        ("DSC_1.NEF", ignored.RAW),
        ("a.dng", ignored.RAW),
        ("pictures.zip", ignored.ARCHIVE),
    ],
)
def test_a_file_that_is_not_the_subject_is_left_out_with_its_reason(make, name, reason):
    walked = walk(make("0.png", name))
    assert names(walked) == ["0.png"]
    assert reasons(walked) == {name: reason}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("@eaDir", ignored.SYSTEM),
        (".@__thumb", ignored.SYSTEM),
        ("__MACOSX", ignored.SYSTEM),
        ("lost+found", ignored.SYSTEM),
        ("System Volume Information", ignored.SYSTEM),
        ("#recycle", ignored.DELETED),
        ("@Recycle", ignored.DELETED),
        ("$RECYCLE.BIN", ignored.DELETED),
        (".Trash-1000", ignored.DELETED),
        (".thumbnails", ignored.HIDDEN),
        (".git", ignored.HIDDEN),
        (".stversions", ignored.HIDDEN),
    ],
)
def test_a_folder_that_is_not_the_subject_is_left_out_with_its_reason(make, name, reason):
    walked = walk(make("0.png", f"{name}/deep/1.jpg", f"{name}/deep/1.txt"))
    assert names(walked) == ["0.png"]
    assert reasons(walked) == {f"{name}/ (1)": reason}
    assert walked.orphans == ()


def test_what_nobody_takes_for_a_picture_is_left_out_in_silence(make):
    junk = [".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r", ".nomedia", ".git/config", "a.xmp"]
    walked = walk(make("0.png", *junk, "notes.docx", ".picasa.ini", "~$notes.docx", "a.url"))
    assert names(walked) == ["0.png"]
    assert walked.notices == ()


def test_ordinary_names_are_no_junk(make):
    kept = [
        "1.png", "a copy.png", "a (1).png", "conflict.png", "my original.jpg", "mask of a fox.png",
        "log cabin/2.png", "regular/3.png", "models of cars/4.png", "first class/5.png", "photo",
        "10 dogs/6.png", "classic/7.png", "a#b.png", "é.png", "trash.png", "temp.png",
    ]  # fmt: skip
    walked = walk(make(*kept))
    assert sorted(names(walked)) == sorted(kept)
    assert walked.notices == ()


# ---- links and folders that cannot be read -------------------------------------------------------


def test_a_folder_that_is_a_link_to_a_place_outside_is_named(make, tmp_path):
    folder = make("0.png")
    (tmp_path / "else").mkdir()
    (tmp_path / "else/1.png").touch()
    (folder / "set1").symlink_to(tmp_path / "else", target_is_directory=True)
    walked = walk(folder)
    assert names(walked) == ["0.png"]
    assert "a link to a place outside the folder. Choose that place" in reasons(walked)["set1"]


def test_links_inside_and_in_a_circle_show_each_file_once_and_say_nothing(make):
    folder = make("a/0.png", "b/1.png")
    (folder / "a/up").symlink_to(folder, target_is_directory=True)
    (folder / "c").symlink_to(folder / "b", target_is_directory=True)
    (folder / "b/self").symlink_to("self")
    walked = walk(folder)
    assert names(walked) == ["a/0.png", "b/1.png", "b/self"]
    assert walked.notices == ()


def test_the_chosen_folder_may_be_a_link_and_may_have_any_name(make, tmp_path):
    make("reg/0.png")
    (tmp_path / ".masks").symlink_to(tmp_path / "set/reg", target_is_directory=True)
    assert names(walk(tmp_path / ".masks")) == ["0.png"]


def test_a_folder_that_cannot_be_read_is_named(make, monkeypatch):
    folder = make("0.png", "locked/1.png", "open/2.png")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    walked = walk(folder)
    assert names(walked) == ["0.png", "open/2.png"]
    assert reasons(walked) == {"locked/": "It cannot be read: Permission denied."}


def test_deep_folders_are_read_to_their_end(tmp_path):
    deepest = tmp_path
    for _ in range(300):
        deepest /= "d"
        deepest.mkdir()
    (deepest / "0.png").touch()
    assert len(walk(tmp_path).files) == 1


# ---- the window and the run ----------------------------------------------------------------------


def a_mixed_folder(folder: Path) -> Path:
    for number, name in enumerate(
        [
            "1.png", "1-masklabel.png", "2.png", "2_mask.png", "sub/3.png", "reg/4.png",
            "samples/5.png", "._1.png", "x.tga", "y.jpg.part", ".trash/6.png", "3_sks/7.png",
        ]
    ):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (70, 70), (number * 20, 90, 10)).save(
            path, "TGA" if name == "x.tga" else "PNG"
        )
    (folder / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (folder / "metadata.parquet").write_bytes(b"PAR1")
    (folder / "1.txt").write_bytes("девочка с синими волосами".encode("cp1251"))
    (folder / "2.txt").write_text("a sks dog\na photo of sks")
    (folder / "nobody.txt").write_text("of no picture")
    return folder


def test_the_window_and_a_run_say_the_same_of_a_folder(tmp_path):
    folder = a_mixed_folder(tmp_path / "set")
    *_, scan = scan_folder(folder)
    assert isinstance(scan, Scan)
    listed, *surveyed = survey(folder, None, PictureIndex(tmp_path / "index.sqlite"))
    assert isinstance(listed, Listed)
    usable = [one for one in surveyed if one.reading.refusal is None]
    in_window = {
        listed.paths[one.row]: (one.caption.text, one.caption.choices, one.mask) for one in usable
    }
    assert in_window == {item.path: (item.caption, item.choices, item.mask) for item in scan.items}
    assert len(in_window) == 4
    from_folder = {str(notice) for notice in listed.notices}
    assert from_folder <= {str(notice) for notice in scan.notices}
    assert len(from_folder) == 9
    for word in ("x.tga", "metadata.parquet", "Cyrillic", "Several captions", "nobody.txt"):
        assert any(word in str(notice) for notice in scan.notices), word


def test_the_window_tells_what_is_left_out_as_findings(tmp_path):
    folder = a_mixed_folder(tmp_path / "set")
    listed, *_ = survey(folder, None, PictureIndex(tmp_path / "index.sqlite"))
    assert isinstance(listed, Listed)
    found = [f.message for f in examine([], [], listed.notices, resolution=512, trigger="")]
    assert [message.code for message in found] == [notice.code for notice in listed.notices]


def test_a_check_in_the_terminal_lists_what_is_left_out(tmp_path):
    events = check_pictures(a_mixed_folder(tmp_path / "set"), None, Control())
    said = [str(event.notice) for event in events if isinstance(event, Noticed)]
    assert "Left out: clip.mp4. A video. Save single frames as JPEG or PNG." in said
    assert any(line.startswith("Left out: reg/ (1). These look like class") for line in said)


def test_ten_thousand_files_are_listed_for_the_cost_of_some_additions(tmp_path):
    for number in range(10_000):
        os.close(os.open(tmp_path / f"{number}.png", os.O_CREAT))  # faster than Path.touch
        if number % 10 == 0:
            os.close(os.open(tmp_path / f"{number}_mask.png", os.O_CREAT))
    unit = cpu_seconds(a_million_additions)
    assert cpu_seconds(lambda: walk(tmp_path), rounds=3) < 60 * unit
    assert len(walk(tmp_path).files) == 10_000
    assert len(walk(tmp_path).masks) == 1000


def test_counting_captions_costs_in_proportion_to_the_files(tmp_path):
    def cost(count: int) -> float:
        bare = [tmp_path / f"a{number}.png" for number in range(count)]
        captioned = [tmp_path / f"b{number}.png" for number in range(count)]
        texts = frozenset(path.with_suffix(".txt") for path in captioned)
        walked = Walked(tmp_path, (*bare, *captioned), {}, texts)
        assert walked.captioned(walked.files) == captioned
        return cpu_seconds(lambda: walked.captioned(walked.files))

    assert cost(2000) < 8 * cost(500)  # in proportion it is 4 times, in squares 16 times


def test_a_table_counts_for_the_pictures_below_its_folder_alone(make):
    walked = walk(make("a.png", "told/b.png", "told/deep/c.png", "told/metadata.jsonl", "x/d.png"))
    captioned = walked.captioned(walked.files)
    assert [walked.name_of(path) for path in captioned] == ["told/b.png", "told/deep/c.png"]


def test_a_folder_that_the_system_refuses_is_not_called_missing(tmp_path, monkeypatch):
    def refuse(self: Path, **_: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(InputNotReadable, match="Permission denied"):
        walk(tmp_path)


def test_a_folder_that_is_gone_is_called_missing(tmp_path):
    with pytest.raises(FolderMissing):
        walk(tmp_path / "nowhere")
