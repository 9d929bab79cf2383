"""Hyperparameters of DiffNet."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from workbench.layers.diffusion import Layer, Pool
from workbench.layers.nodes import Activation, NodeFusion
from workbench.models.base import ModelConfig


class DiffNetConfig(ModelConfig):
    """Hyperparameters of DiffNet; docs/models/diffnet.md lists the paper's form and that of the released code.

    Attributes:
        dim: latent size D.
        blocks: equal parts of the vectors that learn apart: each predicts the likes by itself, and the score is their
            sum. 1 is the printed form.
        depth: hops K.
        layer: dense is the paper's layer, mean plain averaging as in the released code.
        pool: of a dense layer, how the states of the people followed are pooled.
        readout: the last state (paper), the sum of the states after hop 1 to K (hops; released code), or with the own
            vector among them (sum).
        loss: bpr, or mse, half the squared error of ``sigmoid(score)``.
        features: name of the image features that are fused in; None for free embeddings alone.
        fusion: concat with a matrix (paper) or add (released code).
        activation: g and s of the paper, which names none.
        exclude_target: leave the image that is scored out of the liked images, so that in training a like does not
            predict itself; False is the printed form.
        item_bias: add b_i, which neither the paper nor the code has.
        std: spread of the random start of the embeddings.
    """

    learning_rate: float = 5e-3
    dim: int = 64
    blocks: int = Field(1, ge=1)
    depth: int = Field(2, ge=0)
    layer: Layer = "mean"
    pool: Pool = "mean"
    readout: Literal["last", "sum", "hops"] = "sum"
    loss: Literal["bpr", "mse"] = "bpr"
    features: str | None = None
    fusion: NodeFusion = "concat"
    activation: Activation = "relu"
    regularisation: float = 0.03
    exclude_target: bool = True
    item_bias: bool = True
    std: float = 0.1

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.layer == "mean" and self.pool == "max":
            raise ValueError("layer=mean averages: set pool=mean, or layer=dense")
        if self.readout == "hops" and self.depth == 0:
            raise ValueError("readout=hops adds up hops and depth=0 has none: set readout=sum, or a depth from 1 on")
        if self.blocks > 1 and (self.dim % self.blocks or self.layer == "dense" or self.features is not None):
            raise ValueError(
                f"blocks={self.blocks} are equal parts of dim that nothing mixes: set a dim that is their multiple, "
                "layer=mean and no features"
            )
        return self
