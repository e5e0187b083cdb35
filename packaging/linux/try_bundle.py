"""Tries the Linux archive as a stranger would, in a Debian on which nothing is installed.

python packaging/linux/try_bundle.py ARCHIVE ROOT OUT      (root; debootstrap Xvfb openbox xdotool)

Makes a bare Debian in ROOT, installs as an ordinary user, starts from the menu entry, goes through
the guide by the keyboard, trains, draws a picture, starts a second time, checks the computer, and
removes everything. OUT gets the log, the times and the pictures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import ImageGrab

USER, NUMBER = "anna", 1000
DISPLAY = ":97"
SIZE = (1280, 800)


class Trial:
    """The bare system, and what was seen in it."""

    def __init__(self, archive: Path, root: Path, out: Path) -> None:
        self.archive, self.root, self.out = archive, root, out
        self.home = root / "home" / USER
        self.times: dict[str, float] = {}
        out.mkdir(parents=True, exist_ok=True)
        self._log = (out / "log.txt").open("w", encoding="utf-8")

    def note(self, text: str) -> None:
        self._log.write(text.rstrip() + "\n")
        self._log.flush()
        print(text.rstrip(), flush=True)

    def inside(self, command: str, *, as_user: bool = True) -> subprocess.CompletedProcess:
        """A command in the bare system, and what it said in the log."""
        self.note(f"{'$' if as_user else '#'} {command}")
        done = subprocess.run(
            self.command(command, as_user), capture_output=True, text=True, check=False
        )
        self.note(done.stdout + done.stderr)
        return done

    def command(self, command: str, as_user: bool) -> list[str]:
        who = [f"--userspec={NUMBER}:{NUMBER}"] if as_user else []
        home = f"/home/{USER}" if as_user else "/root"
        return [
            "chroot", *who, str(self.root), "/usr/bin/env", "-i", f"HOME={home}",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"DISPLAY={DISPLAY}", "LANG=C.UTF-8",
            "sh", "-c", f"cd {home} && {command}",
        ]  # fmt: skip

    def shoot(self, name: str) -> None:
        ImageGrab.grab(xdisplay=DISPLAY).save(self.out / f"{name}.png")

    def files(self) -> list[str]:
        """Of the user, but for what programs keep of their own, and the way there."""
        kept = ("Documents", ".cache", ".config", ".local/state", ".local/share/imprint")
        found = (str(path.relative_to(self.home)) for path in self.home.rglob("*"))
        return sorted(
            name
            for name in found
            if not name.startswith(kept) and not any(k.startswith(f"{name}/") for k in kept)
        )

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.times[name] = round(time.monotonic() - started, 2)
        self.note(f"-- {name}: {self.times[name]} s")


def wait_until(what: Callable[[], object], seconds: float, name: str) -> None:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise SystemExit(f"Waited {seconds:.0f} s in vain for {name}.")
        time.sleep(0.05)


def prepare(trial: Trial) -> None:
    if not (trial.root / "bin").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", str(trial.root)], check=True
        )
    for kind, place in (("proc", "proc"), ("sysfs", "sys")):
        if not list((trial.root / place).iterdir()):
            subprocess.run(["mount", "-t", kind, kind, str(trial.root / place)], check=True)
    (trial.root / "tmp/.X11-unix").mkdir(exist_ok=True)
    subprocess.run(
        ["mount", "--bind", "/tmp/.X11-unix", str(trial.root / "tmp/.X11-unix")], check=True
    )
    trial.inside(f"id {USER} >/dev/null 2>&1 || useradd -m -u {NUMBER} {USER}", as_user=False)
    # What every desktop has, and a bare system has not: a menu that starts entries, fonts.
    desktop = "libglib2.0-bin shared-mime-info desktop-file-utils fonts-dejavu-core fonts-noto-cjk"
    trial.inside(
        f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {desktop}",
        as_user=False,
    )


def install(trial: Trial) -> None:
    target = trial.home / trial.archive.name
    target.write_bytes(trial.archive.read_bytes())
    os.chown(target, NUMBER, NUMBER)
    trial.inside(f"tar xzf {trial.archive.name}")
    folder = trial.archive.name.removesuffix(".tar.gz")
    told = trial.inside(f"cd {folder} && ./install.sh")
    wanted = [line for line in told.stdout.splitlines() if line.startswith("On Debian")]
    if wanted:  # as the script says, word for word
        packages = wanted[0].partition("apt install ")[2]
        trial.inside(f"apt-get install -y -qq --no-install-recommends {packages}", as_user=False)
    trial.inside("ldd .local/lib/imprint/_internal/PySide6/Qt/plugins/platforms/libqxcb.so "
                 "| grep 'not found' || echo nothing is missing")  # fmt: skip


def xdotool(*arguments: str) -> str:
    environment = os.environ | {"DISPLAY": DISPLAY}
    done = subprocess.run(
        ["xdotool", *arguments], capture_output=True, text=True, env=environment, check=False
    )
    return done.stdout.strip()


def windows() -> list[str]:
    """Numbers of the windows of Imprint that are shown."""
    return xdotool("search", "--onlyvisible", "--class", "imprint").split()


def press(*keys: str) -> None:
    """Into the window that has the focus, as from a keyboard."""
    for key in keys:
        xdotool("key", "--clearmodifiers", key)
        time.sleep(0.4)


def start_from_the_menu(trial: Trial) -> subprocess.Popen:
    entry = ".local/share/applications/imprint.desktop"
    trial.note(f"$ gio launch {entry}")
    return subprocess.Popen(trial.command(f"gio launch {entry}", as_user=True))


def first_training(trial: Trial) -> None:
    """The guide by the keyboard: Next five times, then Start."""
    press("ctrl+n")
    wait_until(lambda: len(windows()) > 1, 30, "the guide")
    for page in range(1, 6):
        time.sleep(1.5)
        trial.shoot(f"guide-{page}")
        press("Return")
    time.sleep(25)  # the last page measures
    trial.shoot("guide-6")
    with trial.measured("training, from Start to the trained file"):
        press("Return")
        wait_until(lambda: "finished" in outcomes(trial), 900, "the end of the training")
    time.sleep(3)
    trial.shoot("trained")


def outcomes(trial: Trial) -> list[str]:
    found = trial.home.glob("Documents/Imprint/*/runs/*/result.json")
    return [json.loads(path.read_text("utf-8")).get("outcome", "") for path in found]


def draw(trial: Trial) -> None:
    before = set(trial.home.rglob("generated/*.png"))
    press("ctrl+5")
    time.sleep(1)
    press("ctrl+Return")
    wait_until(lambda: set(trial.home.rglob("generated/*.png")) - before, 120, "a picture")
    time.sleep(2)
    trial.shoot("gallery")


def again(trial: Trial) -> None:
    """A second start ends at once, and the window is the one that stood."""
    before = windows()
    with trial.measured("second start, until it has handed over"):
        trial.inside(".local/bin/imprint")
    trial.note(f"windows before: {len(before)}, after: {len(windows())}")
    if windows() != before:
        raise SystemExit("A second window was opened.")


def main(archive: Path, root: Path, out: Path) -> int:
    trial = Trial(archive, root, out)
    screen = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "{}x{}x24".format(*SIZE), "-ac"])
    manager = None
    try:
        wait_until(lambda: Path(f"/tmp/.X11-unix/X{DISPLAY[1:]}").exists(), 10, "Xvfb")
        manager = subprocess.Popen(["openbox"], env=os.environ | {"DISPLAY": DISPLAY})
        prepare(trial)
        before = trial.files()
        install(trial)
        for number in ("first", "second"):
            with trial.measured(f"{number} start, until the window is drawn"):
                running = start_from_the_menu(trial)
                wait_until(windows, 60, "the window")
            time.sleep(8)
            trial.shoot(f"start-{number}")
            if number == "first":
                press("alt+F4")
                wait_until(lambda: not windows(), 30, "the end of the program")
        first_training(trial)
        draw(trial)
        again(trial)
        press("alt+F4")
        wait_until(lambda: not windows(), 60, "the end of the program")
        running.wait(30)
        with trial.measured("doctor"):
            trial.inside(".local/bin/imprint-cli doctor")
        trial.inside(".local/lib/imprint/uninstall.sh")
        trial.inside(f"rm -rf {archive.name} {archive.name.removesuffix('.tar.gz')}")
        left = sorted(set(trial.files()) - set(before))
        trial.note(f"files of {USER} that were not there before: {left or 'none'}")
        (out / "times.json").write_text(json.dumps(trial.times, indent=2) + "\n", encoding="utf-8")
        return 1 if left else 0
    finally:
        for started in filter(None, (manager, screen)):
            started.terminate()
        for place in ("tmp/.X11-unix", "proc", "sys"):
            subprocess.run(["umount", "-l", str(root / place)], check=False)


if __name__ == "__main__":
    sys.exit(main(*(Path(argument).resolve() for argument in sys.argv[1:4])))
