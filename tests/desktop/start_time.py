"""The real program, started; tells the moment its window was first drawn, and ends.

python -m tests.desktop.start_time [PROJECT FILE]
"""

from __future__ import annotations

import gc
import os
import sys
import time


def main() -> int:
    gc.disable()  # and then the imports, as in main.py
    from desktop import app
    from desktop.windows import Windows

    Windows._settle = _tell  # type: ignore[method-assign]  # called when all was drawn
    return app.main(sys.argv)


def _tell(windows: object) -> None:
    print(time.monotonic(), flush=True)
    os._exit(0)  # in the midst of the warm-up, which is not what is measured


if __name__ == "__main__":
    sys.exit(main())
