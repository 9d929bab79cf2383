"""EASE: every image regressed on all others, a linear autoencoder whose weights have a closed form."""

from __future__ import annotations

from pydantic import Field

from workbench.data.dataset import Dataset
from workbench.layers.ridge import ImageRegression
from workbench.models.base import Paper
from workbench.models.itemknn import ItemNeighbours, NeighbourConfig


class EASEConfig(NeighbourConfig):
    """Hyperparameters of EASE.

    Attributes:
        neighbours: largest weights towards an image that are kept; all of them are EASE in full.
        strength: lambda of the ridge regression.
    """

    neighbours: int = Field(250, ge=1)
    strength: float = Field(500.0, gt=0)


class EASE(ItemNeighbours):
    """``score(u, i) = sum of B_ji`` over the images j in R_u, for B the ridge regression of every image on all others.

    The diagonal of B is zero (Steck 2019, Eq. 8). Of each image's weights the largest are kept, which needs less memory
    than all of them. The weights are fixed by the formula, so there is no attention; contributions are exact.
    """

    name = "ease"
    paper = Paper("Steck", "Embarrassingly Shallow Autoencoders for Sparse Data", "WWW", 2019)
    Config = EASEConfig
    config: EASEConfig

    def fit(self, dataset: Dataset) -> None:
        """Solve the regression in closed form.

        Raises:
            DataError: users and images are both too many.
        """
        regression = ImageRegression(dataset.history, self.n_items, self.config.strength)
        self.near.fill(*regression.largest(self.config.neighbours))
