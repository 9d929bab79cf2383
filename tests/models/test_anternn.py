from typing import ClassVar

from tests.models.sequence_cases import SequenceCase
from tests.models.cases import add_features, add_topics
from workbench.data.dataset import Dataset


class AnteCase(SequenceCase):
    name = "anternn"

    @classmethod
    def furnished(cls, dataset: Dataset) -> Dataset:
        return add_topics(add_features(dataset, "convnet", (2, 2)))


class TestAsPrinted(AnteCase):
    config: ClassVar = {"dim": 8, "rare": 1, "window": 3, "align_temperature": 4, "align_weight": 0}


class TestWithContent(AnteCase):
    config: ClassVar = {"dim": 8, "rare": 1, "window": 3, "words": "embedding", "identity": True, "tied": True,
                        "output": "content", "repeats": True, "align_weight": 0}
