"""What is measured of generated pictures. Every argument is a table of unit vectors, (N, width),
one row a picture, so that products are cosines.
"""

from __future__ import annotations

import torch
from torch import Tensor


def likeness(pictures: Tensor, references: Tensor, *, without_nearest: bool = False) -> Tensor:
    """(N,): mean cosine of each picture to the references.

    `without_nearest` leaves out the reference that a picture is most like, so that a copy of one
    training picture does not count as likeness; for references that were trained on.
    """
    cosines = pictures @ references.T
    count = cosines.shape[1]
    if without_nearest and count > 1:
        return (cosines.sum(1) - cosines.max(1).values) / (count - 1)
    return cosines.mean(1)


def likeness_among(references: Tensor) -> float:
    """Mean likeness of each reference to the others: what a perfect picture may expect.

    1 for a single reference, which has no others.
    """
    count = len(references)
    if count < 2:
        return 1.0
    cosines = references @ references.T
    return float((cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1)))


def margin(likenesses: Tensor, pictures: Tensor, distractors: Tensor) -> Tensor:
    """(N,): how much more each picture is like the subject than like the nearest other thing."""
    return likenesses - (pictures @ distractors.T).max(1).values


def share_of_right_prompts(pictures: Tensor, answers: Tensor) -> float:
    """Share of pictures that are nearest to the answer expected to their own prompt.

    Row i of both belongs to prompt i; chance is 1 / N. The answers are the base model's pictures
    or the prompts themselves, as vectors of a network that reads text. What all rows of a table
    share, the subject's look say, cancels: each table is centred before they are compared.
    """
    if len(pictures) < 2:
        return 1.0
    cosines = _centred(pictures) @ _centred(answers).T
    return float((cosines.argmax(1) == torch.arange(len(pictures))).float().mean())


def change(pictures: Tensor, before: Tensor) -> float:
    """Mean of 1 - cosine between pictures of the same prompts and seeds; 0 if nothing changed."""
    return max(0.0, float(1 - (pictures * before).sum(1).mean()))


def share_of_copies(pictures: Tensor, trained: Tensor, unseen: Tensor | None) -> float:
    """Share of pictures that lie closer to a training picture than real pictures of the subject
    lie to one: 0 where nothing is copied.

    How close real pictures lie is told by `unseen` ones, or, without them, by the training
    pictures among themselves. After the authenticity of Alaa et al. 2022 (*How Faithful is your
    Synthetic Data?*), which takes the next of kin of each training picture by itself; few
    pictures on unlike backgrounds have no next of kin worth the name, so the closest pair counts.
    """
    closest = (pictures @ trained.T).max(1).values
    if unseen is not None:
        natural = (unseen @ trained.T).max()
    elif len(trained) > 1:
        among = trained @ trained.T
        natural = among.fill_diagonal_(-1.0).max()
    else:
        return 0.0  # nothing tells how close is too close
    return float((closest > natural).float().mean())


def _centred(rows: Tensor) -> Tensor:
    return torch.nn.functional.normalize(rows - rows.mean(0), dim=1)
