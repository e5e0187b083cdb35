"""A little robot, ray-marched: a subject that no model has seen and nobody holds a licence on.

Signed distance fields after Hart 1996 (*Sphere Tracing*): spheres and boxes with round edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

Array = np.ndarray
SUPERSAMPLING = 2
STEPS = 90
FAR = 12.0
LIGHT = np.array([0.45, 0.8, 0.4]) / math.sqrt(0.45**2 + 0.8**2 + 0.4**2)

TEAL, ORANGE, CREAM, BLACK, RED = (
    np.array(rgb) / 255.0
    for rgb in ((24, 160, 150), (245, 140, 40), (250, 236, 200), (30, 30, 34), (225, 55, 60))
)


def _sphere(centre: tuple[float, float, float], radius: float) -> Callable[[Array], Array]:
    return lambda p: np.linalg.norm(p - np.array(centre), axis=-1) - radius


def _box(
    centre: tuple[float, float, float], half: tuple[float, float, float], edge: float
) -> Callable[[Array], Array]:
    def distance(p: Array) -> Array:
        q = np.abs(p - np.array(centre)) - (np.array(half) - edge)
        outside = np.linalg.norm(np.maximum(q, 0), axis=-1)
        return outside + np.minimum(q.max(axis=-1), 0) - edge

    return distance


PARTS = [
    (_box((0, -0.35, 0), (0.62, 0.6, 0.45), 0.14), TEAL),
    (_box((0, -0.3, 0.42), (0.34, 0.26, 0.08), 0.05), CREAM),
    (_box((0, 0.72, 0), (0.56, 0.42, 0.46), 0.2), ORANGE),
    (_sphere((-0.24, 0.76, 0.4), 0.17), CREAM),
    (_sphere((0.24, 0.76, 0.4), 0.17), CREAM),
    (_sphere((-0.24, 0.76, 0.52), 0.09), BLACK),
    (_sphere((0.24, 0.76, 0.52), 0.09), BLACK),
    (_box((0, 1.25, 0), (0.05, 0.18, 0.05), 0.04), BLACK),
    (_sphere((0, 1.5, 0), 0.15), RED),
    (_box((-0.82, -0.25, 0.08), (0.14, 0.42, 0.16), 0.12), ORANGE),
    (_box((0.82, -0.25, 0.08), (0.14, 0.42, 0.16), 0.12), ORANGE),
    (_box((-0.3, -1.1, 0.1), (0.22, 0.2, 0.3), 0.1), BLACK),
    (_box((0.3, -1.1, 0.1), (0.22, 0.2, 0.3), 0.1), BLACK),
]


def picture(size: int, turn: float, tilt: float, background: tuple[int, int, int]) -> Image.Image:
    """The toy turned by `turn` degrees and seen from `tilt` degrees above, on a plain colour."""
    side = size * SUPERSAMPLING
    origins, direction = _camera(side, turn, tilt)
    reached = np.zeros((side, side))
    is_hit = np.zeros((side, side), bool)
    for _ in range(STEPS):
        distance, _ = _scene(origins + reached[..., None] * direction)
        is_hit |= distance < 1e-3
        reached = np.where(is_hit, reached, np.minimum(reached + distance, FAR))
    points = origins + reached[..., None] * direction
    is_hit &= reached < FAR
    colour = _shaded(points, direction)
    image = np.where(is_hit[..., None], colour, np.array(background) / 255.0)
    pixels = (image.clip(0, 1) * 255).round().astype(np.uint8)
    return Image.fromarray(pixels).resize((size, size), Image.Resampling.BOX)


def _camera(side: int, turn: float, tilt: float) -> tuple[Array, Array]:
    """Origins (side, side, 3) of parallel rays, and their one direction."""
    a, b = math.radians(turn), math.radians(tilt)
    eye = np.array([math.sin(a) * math.cos(b), math.sin(b), math.cos(a) * math.cos(b)])
    right = np.array([math.cos(a), 0.0, -math.sin(a)])
    up = np.cross(eye, right)
    grid = (np.arange(side) + 0.5) / side * 2 - 1
    x, y = np.meshgrid(grid * 1.65, -grid * 1.65)
    centre = np.array([0, 0.17, 0]) + 4 * eye
    return centre + x[..., None] * right + y[..., None] * up, -eye


def _scene(points: Array) -> tuple[Array, Array]:
    """Distance to the nearest part, and its number."""
    distances = np.stack([distance(points) for distance, _ in PARTS])
    return distances.min(0), distances.argmin(0)


def _shaded(points: Array, direction: Array) -> Array:
    """Lambert's light, a little from everywhere, and a highlight."""
    delta = 1e-3
    slopes = [
        _scene(points + delta * axis)[0] - _scene(points - delta * axis)[0] for axis in np.eye(3)
    ]
    normal = np.stack(slopes, axis=-1)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    base = np.stack([colour for _, colour in PARTS])[_scene(points)[1]]
    lit = (normal @ LIGHT).clip(0)
    half = LIGHT - direction
    half /= np.linalg.norm(half)
    shine = (normal @ half).clip(0) ** 40
    return base * (0.45 + 0.6 * lit)[..., None] + 0.35 * shine[..., None]
