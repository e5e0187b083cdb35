"""MobileNetV2 (Sandler et al. 2018) in plain torch; the weights are torchvision's of ImageNet."""

from __future__ import annotations

from torch import Tensor, nn

# expansion, channels, repeats, stride: table 2 of the paper
PLAN = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
FIRST, LAST = 32, 1280  # channels before and after the plan
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pictures


class MobileNetV2(nn.Module):
    """Normalised pictures (N, 3, H, W) -> features (N, 1280, H / 32, W / 32).

    The names of the weights are torchvision's.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(3, FIRST, 3, 2)]
        inputs = FIRST
        for expansion, outputs, repeats, stride in PLAN:
            for number in range(repeats):
                layers.append(_Block(inputs, outputs, stride if number == 0 else 1, expansion))
                inputs = outputs
        layers.append(_conv(inputs, LAST, 1))
        self.features = nn.Sequential(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.features(pictures)


class _Block(nn.Module):
    """Inverted residual."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self._adds = stride == 1 and inputs == outputs
        layers = [] if expansion == 1 else [_conv(inputs, hidden, 1)]
        layers += [
            _conv(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self._adds else self.conv(x)


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )
