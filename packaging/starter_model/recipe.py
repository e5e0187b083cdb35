"""What the starter model is made of: sizes, subjects, styles, captions, and what is held out.

Two presets share everything but their sizes and the breadth of their subjects. The UNet has
Stable Diffusion's own topology in both (four levels, two layers a block), so that the key
tables of the exporters meet the real block names.
"""

from __future__ import annotations

from dataclasses import dataclass

STYLES = {  # icon set -> the word that captions use for it
    "fluent-emoji": "glossy 3d",
    "fluent-emoji-flat": "flat",
    "noto": "noto",
    "twemoji": "twitter",
    "noto-v1": "blob",
}

PACKAGES = {  # npm package -> exact version
    "@iconify-json/fluent-emoji": "1.2.7",
    "@iconify-json/fluent-emoji-flat": "1.2.6",
    "@iconify-json/noto": "1.2.9",
    "@iconify-json/noto-v1": "1.2.5",
    "@iconify-json/twemoji": "1.2.5",
    "@resvg/resvg-js": "2.6.2",
    "unicode-emoji-json": "0.9.0",
}

WHEELS = {  # PyPI package -> exact version; opened, not installed
    "open_clip_torch": "3.3.0",
    "scikit-image": "0.26.0",
}

# Public domain or CC0 according to scikit-image's own data docstrings.
PHOTOGRAPHS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "rocket.jpg",
    "hubble_deep_field.jpg",
    "brick.png",
    "grass.png",
    "gravel.png",
)

# Only to measure the autoencoder with; CC0 or public domain, too.
UNSEEN_PHOTOGRAPHS = ("motorcycle_left.png", "camera.png", "coins.png")

BACKGROUNDS = {  # named colours of the captions, sRGB
    "white": (255, 255, 255),
    "blue": (66, 133, 244),
    "yellow": (253, 216, 53),
    "red": (229, 57, 53),
    "green": (67, 160, 71),
    "pink": (244, 143, 177),
    "gray": (158, 158, 158),
    "purple": (142, 68, 173),
}

# Chosen by hand: words that people type, for things that look unlike each other at 64 pixels.
FIRST_SUBJECTS = tuple(
    """dog-face wolf fox lion tiger-face mouse-face bear panda koala pig-face frog cow-face
    rabbit-face unicorn cat monkey penguin owl chicken elephant octopus fish butterfly honeybee
    grinning-face smiling-face-with-heart-eyes face-with-tears-of-joy crying-face robot ghost
    red-apple strawberry pizza watermelon doughnut sun red-heart house rocket sunflower
    spouting-whale crab smiling-face-with-sunglasses alien skull banana hamburger balloon
    hamster horse-face raccoon turtle snail duck clown-face cherries automobile evergreen-tree
    umbrella crown tiger zebra deer pig goat camel giraffe rhinoceros gorilla dog rabbit hedgehog
    kangaroo turkey rooster baby-chick eagle swan flamingo peacock parrot crocodile lizard snake
    dragon-face whale dolphin shark jellyfish lobster ant lady-beetle spider tulip cactus
    palm-tree rose mushroom maple-leaf four-leaf-clover potted-plant cherry-blossom
    grapes lemon pineapple peach kiwi-fruit tomato avocado eggplant carrot ear-of-corn
    hot-pepper broccoli bread croissant pretzel pancakes cheese-wedge hot-dog taco sushi popcorn
    birthday-cake cookie ice-cream lollipop teapot wine-glass beer-mug french-fries
    winking-face thinking-face sleeping-face cowboy-hat-face partying-face nerd-face angry-face
    exploding-head pile-of-poo goblin alien-monster
    glasses t-shirt dress top-hat running-shoe backpack bell guitar trumpet violin drum laptop
    camera television light-bulb candle books key scissors hammer shield magnet bomb gem-stone
    bathtub money-bag envelope pencil
    volcano castle tent ferris-wheel locomotive bus tractor motorcycle bicycle sailboat airplane
    helicopter flying-saucer crescent-moon ringed-planet star cloud rainbow snowman fire droplet
    jack-o-lantern christmas-tree wrapped-gift trophy soccer-ball basketball teddy-bear
    crystal-ball artist-palette""".split()
)

GROUPS = (  # from which further subjects are taken, one of each in turn
    "Animals & Nature",
    "Food & Drink",
    "Smileys & Emotion",
    "Objects",
    "Travel & Places",
    "Activities",
)

TRAINED_POSES = (
    "grinning-cat",
    "cat-face",
    "smiling-cat-with-heart-eyes",
    "cat-with-wry-smile",
    "weary-cat",
    "pouting-cat",
)
REFERENCE_POSES = (
    "grinning-cat-with-smiling-eyes",
    "cat-with-tears-of-joy",
    "kissing-cat",
    "crying-cat",
)


def is_held_out(name: str) -> bool:
    """Whether an icon must never be seen by the starter model.

    The full-body cat and monkey stay, so that the class words are known; the characters do not.
    """
    words = name.split("-")
    if "cat" in words:
        return name != "cat"
    return ("monkey" in words or "monkeys" in words) and name != "monkey"


def subject_words(name: str) -> str:
    return name.replace("-", " ")


def captions(style: str, subject: str, colour: str) -> tuple[str, ...]:
    """The full caption first, then the short forms that people really type."""
    article = "an" if subject[0] in "aeiou" else "a"
    return (
        f"a {style} emoji of {article} {subject} on a {colour} background",
        f"{article} {subject} on a {colour} background",
        f"a {style} emoji of {article} {subject}",
        f"{article} {subject}",
        f"{style} {subject}",
    )


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Sizes of one edition of the starter model."""

    name: str
    resolution: int
    vae_channels: tuple[int, ...]
    vae_layers: int
    unet_channels: tuple[int, ...]
    unet_heads: int
    text_width: int
    text_layers: int
    text_heads: int
    num_subjects: int
    styles: tuple[str, ...]
    vae_batch: int
    batch: int
    vae_minutes: float  # of processor time a worker; on a graphics card, of the clock
    polish_minutes: float
    minutes: float

    @property
    def downscale(self) -> int:
        return 2 ** (len(self.vae_channels) - 1)

    @property
    def latent_size(self) -> int:
        return self.resolution // self.downscale


PRESETS = {
    "cpu64": Preset(
        name="cpu64",
        resolution=64,
        vae_channels=(16, 32, 64),
        vae_layers=1,
        # The deep levels hold most weights and cost a fixed time a step: kept narrow here.
        unet_channels=(48, 96, 128, 128),
        unet_heads=2,  # each more costs a twentieth of the speed on a processor
        text_width=128,
        text_layers=3,
        text_heads=4,
        num_subjects=200,
        styles=("fluent-emoji", "fluent-emoji-flat", "noto", "twemoji"),
        vae_batch=8,
        batch=16,
        vae_minutes=40,
        polish_minutes=20,
        minutes=200,
    ),
    "gpu128": Preset(
        name="gpu128",
        resolution=128,
        vae_channels=(32, 64, 96, 128),
        vae_layers=2,
        unet_channels=(48, 96, 144, 192),
        unet_heads=4,
        text_width=128,
        text_layers=4,
        text_heads=4,
        num_subjects=600,
        styles=tuple(STYLES),
        vae_batch=64,
        batch=512,
        vae_minutes=6,
        polish_minutes=2,
        minutes=16,
    ),
}
