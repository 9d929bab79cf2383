"""What can be set of Ante-RNN, and which variant of the paper each setting makes."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from workbench.layers.contextual import FACTORS
from workbench.layers.fusion import FusionKind
from workbench.models.content import ContentConfig


class AnteRNNConfig(ContentConfig):
    """Hyperparameters of Ante-RNN; sizes default to Section 4.4 of the paper.

    Attributes:
        fusion: of image and text: attention (Ante-RNN), neural (-N) or direct (-D).
        topical: whether a user's topics lead the attention over words, or words are averaged (Table 6, T).
        contextual: whether the latest likes are weighed, or the network reads each like as it is (Table 6, C).
        time_of_week: whether the weighing knows the hour of the week; ``interval`` the hours since.
        window: latest likes that are weighed, w_c.
        transform: of the time factors, linear (Eq. 17) or sigmoid (Eq. 18).
        topics: name of the dataset's topics.
        topic_decay: lambda of Eq. 7, for a distance counted in slices of the stream.
        identity: whether an image is read with a vector of its own beside what it shows and says (not in the paper);
            with ``tied`` it is what the image is scored with, which what it shows and says may be part of, too.
        output: what an image is scored with: a vector of its own alone (``free``, Eq. 23), or with what its words and
            regions add (``content``, not in the paper), so that they are evidence, too.
        regularisation: lambda_2 of Eq. 24, times the sum of the squares of all parameters.
    """

    learning_rate: float = 1e-3
    tied: bool = False
    fusion: FusionKind = "attention"
    topical: bool = True
    contextual: bool = True
    time_of_week: bool = True
    interval: bool = True
    window: int = Field(5, ge=1)
    transform: Literal["linear", "sigmoid"] = "linear"
    topics: str = "topics"
    topic_decay: float = 0.2
    identity: bool = False
    output: Literal["free", "content"] = "free"
    regularisation: float = 0.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tied and not self.identity:
            raise ValueError("tied scores images with the vectors of their own: set identity=true")
        if not self.modalities:
            raise ValueError("modalities is empty: read words, regions or both")
        return self

    @property
    def factors(self) -> tuple[str, ...]:
        """The time factors that are read."""
        return tuple(name for name, read in zip(FACTORS, (self.time_of_week, self.interval), strict=True) if read)
