"""What images look like, and what a user's liked images look like on average."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from workbench.data.dataset import Dataset
from workbench.features.store import Features


def image_and_user_vectors(dataset: Dataset, name: str) -> tuple[Tensor, Tensor]:
    """Vectors (images, d) of the features called ``name``, and their mean (users, d) over each user's training likes.

    The mean is Eq. 10 of HASC; it is 0 for a user without training likes. Held-out likes never enter it.

    Raises:
        DataError: the features have not been made, or belong to other tables.
    """
    images = Features.open(dataset.root, name).vectors(dataset)
    history = dataset.history
    if not len(history.values):
        return images, torch.zeros(len(history), images.shape[1])
    users = functional.embedding_bag(history.values, images, history.offsets, mode="mean", include_last_offset=True)
    return images, users
