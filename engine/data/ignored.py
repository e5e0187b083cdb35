"""Names of files and folders in a set of pictures that are not its subject, and why.

One table for the window and for a run. Comments say which program leaves a name behind.
"""

from __future__ import annotations

import re

from engine.data.pictures import VIDEO
from engine.wording import QT_TRANSLATE_NOOP

HIDDEN = QT_TRANSLATE_NOOP("engine", "Hidden files and folders are not read.")
SYSTEM = QT_TRANSLATE_NOOP(
    "engine", "It belongs to the operating system, to a NAS or to another program."
)
DELETED = QT_TRANSLATE_NOOP("engine", "It was deleted: it is in a recycle bin.")
CONFLICT = QT_TRANSLATE_NOOP(
    "engine",
    "A program that syncs folders made this copy because of a conflict. Keep the version that you "
    "want and delete the other.",
)
TEMPORARY = QT_TRANSLATE_NOOP(
    "engine", "A temporary file, a backup copy or an unfinished download. Rename it to use it."
)
RAW = QT_TRANSLATE_NOOP("engine", "A raw file of a camera. Develop it and export it as JPEG.")
ARCHIVE = QT_TRANSLATE_NOOP("engine", "An archive. Unpack it first.")
CLASS_PICTURES = QT_TRANSLATE_NOOP(
    "engine",
    "These look like class pictures (regularization), not like the subject. To use them, choose "
    "this folder as “Own class pictures”; to learn from them, choose it as the pictures.",
)
WRITTEN_BY_A_TRAINER = QT_TRANSLATE_NOOP(
    "engine",
    "It looks like samples, logs, models or caches of a training program. To learn from these "
    "pictures, choose this folder as the pictures.",
)

MADE_BY_IMPRINT = QT_TRANSLATE_NOOP(
    "engine", "It was made by Imprint: a run, a comparison or a project with pictures of its own."
)

# Names of folders, in lower case. Those that begin with "." are hidden everywhere.
_SYSTEM_FOLDERS = frozenset(
    (
        "@eadir", "@tmp", "#snapshot",  # Synology
        "@recently-snapshot", ".@__thumb",  # QNAP
        "system volume information",  # Windows
        "lost+found",  # ext4
        "__macosx",  # zip files made by macOS
        "__pycache__",  # Python
        "node_modules",
    )
)  # fmt: skip
_RECYCLE_BINS = frozenset(
    (
        "#recycle",  # Synology
        "@recycle",  # QNAP
        "$recycle.bin", "recycler", "recycled",  # Windows
        ".trash", ".trashes", "network trash folder",  # macOS
    )
)  # fmt: skip
_CLASS_FOLDERS = frozenset(
    (
        "reg", "regs", "reg_images", "reg_image", "reg_img", "reg_imgs", "reg_data",  # kohya
        "regularization", "regularisation", "regularization_images", "regularisation_images",
        "regularization_image", "regularization images", "regularization_set", "reg_set",
        "class", "classes", "class_images", "class_imgs", "class_image", "class_img",  # diffusers
        "class_data", "class_data_dir", "class_pictures", "class images", "class-images",
        "prior", "prior_images", "class_prior",
    )
)  # fmt: skip
_WRITTEN_BY_TRAINERS = frozenset(
    (
        "sample", "samples", "log", "logs", "model", "models",  # kohya_ss's tree, ai-toolkit
        "output", "outputs", "checkpoints", "checkpoint", "runs", "tensorboard", "wandb",
        "workspace", "workspace-cache", "backup", "save",  # OneTrainer
        "cache", "_cache", "latents", "latent_cache", "_latent_cache", "cache_latents",
        "_t_e_cache", "_clip_vision_cache", "_controls",  # ai-toolkit
        "vae_cache", "cache_vae", "cache_text",  # SimpleTuner
        "validation_images", "validation",  # diffusers
    )
)  # fmt: skip

_TEMPORARY = re.compile(
    r"""
    ^~\$ | ~$ | ^\#.*\#$ |              # Office; editors
    \.(?:tmp|temp|bak|old|orig|swp|part|partial|crdownload|download|opdownload|aria2|!ut|!qb|bc!
        |filepart|unconfirmed)$ |       # browsers, download tools
    _original$ |                        # ExifTool keeps photo.jpg_original
    ^~syncthing~ | ^\.syncthing\.       # Syncthing
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONFLICT = re.compile(
    r"""
    \.sync-conflict-\d{8}-\d{6} |       # Syncthing
    \([^()]{0,200}conflicted\ copy[^()]{0,200}\) |  # Dropbox, Nextcloud
    \((?:case|unicode|whitespace)\ (?:encoding\ )?conflict[^()]{0,200}\) |  # Dropbox
    _conflict-\d{8}-\d{6} |             # ownCloud
    \(冲突副本[^()]*\) | 冲突文件          # Chinese editions
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DELETED = re.compile(r"^\.trashed-\d+-", re.IGNORECASE)  # Android's gallery
_UNFINISHED = re.compile(r"^\.pending-\d+-", re.IGNORECASE)  # Android's camera
_SYSTEM_FILES = re.compile(
    r"^(?:thumbs\.db|ehthumbs\w*\.db|desktop\.ini|icon\r|picasa\.ini"  # Windows, macOS, Picasa
    r"|albumart\w*(?:\{.*\}\w*)?\.jpg"  # Windows Media Player
    r"|synofile_thumb_.*|synophoto_thumb_.*|\._.*)$",  # Synology; AppleDouble files of macOS
    re.IGNORECASE,
)

_VIDEOS = frozenset(
    ".mp4 .m4v .mov .avi .mkv .webm .wmv .flv .mpg .mpeg .3gp .mts .m2ts .ogv .vob".split()
)
_RAW = frozenset(
    ".raw .dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .orf .rw2 .raf .pef .srw .x3f .iiq .erf "
    ".mrw .kdc .dcr .3fr".split()
)
_ARCHIVES = frozenset(".zip .rar .7z .tar .tgz .gz .bz2 .xz .zst .cbz .cbr".split())
# Files that training programs and others put beside pictures; nobody takes them for pictures.
NO_PICTURES = frozenset(
    ".txt .caption .cap .tags .json .jsonl .csv .tsv .parquet .arrow .toml .yaml .yml .ini .cfg "
    ".md .rst .html .htm .log .py .sh .bat .ps1 .lnk .url .db .sqlite .xmp .xml .aae .thm "
    ".npz .npy .pt .pth .ckpt .safetensors .bin .onnx .gguf .pkl .mp3 .wav .doc .docx .xlsx "
    ".tfevents .lock .exe .dll".split()
)


def reason_for_folder(name: str) -> str:
    """Why a folder of this name is left out; empty where it may hold pictures of the subject."""
    lower = name.lower()
    if lower in _RECYCLE_BINS or lower.startswith(".trash-"):
        return DELETED
    if lower in _SYSTEM_FOLDERS:
        return SYSTEM
    if lower.startswith("."):
        return HIDDEN
    return CLASS_PICTURES if lower in _CLASS_FOLDERS else ""


def is_written_by_trainers(name: str) -> bool:
    """People have folders of such names, too: they are left out beside other pictures alone."""
    return name.lower() in _WRITTEN_BY_TRAINERS


def reason_for_file(name: str) -> str:
    """Why a file of this name is left out; empty where it may be a picture."""
    if _DELETED.match(name):
        return DELETED
    if _SYSTEM_FILES.match(name):
        return SYSTEM
    if _TEMPORARY.search(name) or _UNFINISHED.match(name):
        return TEMPORARY
    if name.startswith("."):
        return HIDDEN
    if _CONFLICT.search(name):
        return CONFLICT
    return _reason_for_kind(name)


def _reason_for_kind(name: str) -> str:
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot > 0 else ""
    for suffixes, reason in ((_VIDEOS, VIDEO), (_RAW, RAW), (_ARCHIVES, ARCHIVE)):
        if suffix in suffixes:
            return reason
    return ""
