from typing import ClassVar

from tests.models.cases import ModelCase


class TestBPR(ModelCase):
    name = "bpr"


class TestBPRWithoutBias(ModelCase):
    name = "bpr"
    config: ClassVar = {"item_bias": False}
