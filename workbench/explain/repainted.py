"""The units of a pair whose regions are blurred in the picture, everything else being deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from workbench.explain.blurred import Blur, Painter, Pictures

if TYPE_CHECKING:
    from workbench.explain.units import Units


class Repainted:
    """Scores of a pair under gates that blur.

    Args:
        units: of the pair; ``pictures`` those of its model.
        pictures: see above.
    """

    def __init__(self, units: Units, pictures: Pictures) -> None:
        self.painter = Painter(pictures)
        self.units = replace(units, model=self.painter.model, removal="deleted")
        spans = [units.places[name] for name in units.places if name in pictures.groups]
        device = units.model.device
        self.places = torch.cat([torch.arange(span.start, span.stop, device=device) for span in spans])
        self.codes = torch.cat([units.level(name).elements.values for name in units.places if name in pictures.groups])

    @torch.no_grad()
    def pair(self, rows: Tensor) -> Tensor:
        """Scores (R,) of the image under gates ``rows`` (R, n)."""
        scores = torch.empty(len(rows), device=rows.device)
        for chosen, opened in self._painted(rows):
            scores[chosen] = self.units.pair(opened)
        return scores

    @torch.no_grad()
    def catalogue(self, rows: Tensor) -> Tensor:
        """Scores (R, images) of every image."""
        scores = torch.empty(len(rows), self.units.model.n_items, device=rows.device)
        for chosen, opened in self._painted(rows):
            scores[chosen] = torch.cat(list(self.units.catalogue(opened)))
        return scores

    def _painted(self, rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Positions (r,) of rows whose pictures are alike, these being painted, and their other gates (r, n)."""
        alike: dict[tuple[Blur, ...], list[int]] = {}
        for row, gates in enumerate(rows[:, self.places]):
            alike.setdefault(self.painter.pictures.blurs(self.codes, gates), []).append(row)
        self.painter.prepare(blur for blurs in alike for blur in blurs)
        for blurs, members in alike.items():
            chosen = torch.tensor(members, device=rows.device)
            with self.painter.painted(blurs):
                yield chosen, rows[chosen].index_fill(1, self.places, 1)
