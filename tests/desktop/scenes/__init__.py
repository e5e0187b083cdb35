"""Every page and dialog in each of its states; see play.py."""

from tests.desktop.scenes import dialogs, pages, running  # noqa: F401 (they fill SCENES)
from tests.desktop.scenes.play import SCENES, Staged, leave, play, playing

__all__ = ["SCENES", "Staged", "leave", "play", "playing"]
