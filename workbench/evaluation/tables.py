"""The tables of the papers as data: what was printed, the models and settings that stand for their rows, the claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Settings = dict[str, Any]
Printed = Mapping[str, Mapping[str, float]]
"""Dataset of the paper, metric, value."""

ENOUGH = 50_000
"""Training likes (or posts) from which on the paper's sizes are used."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        key: its name on the command line and of its run folders.
        label: what the paper calls it.
        model: the model of the workbench that stands for it.
        settings: the hyperparameters that make it this row; they cannot be set otherwise.
        published: what the paper printed.
        source: whether the paper prints it in a table, only draws it in a figure, or does not have it.
    """

    key: str
    label: str
    model: str
    settings: Settings = field(default_factory=dict)
    published: Printed = field(default_factory=dict)
    source: Literal["table", "figure", "added"] = "table"


@dataclass(frozen=True)
class Claim:
    """What a paper says of two rows, by their keys: the one is better than the other in each of the metrics."""

    better: str
    worse: str
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper and how it is reproduced.

    Attributes:
        name: its name on the command line.
        title: paper and numbers of the tables.
        task: what its models do.
        published_protocol: how the paper measured, in words.
        our_protocol: how the workbench measures, in words.
        metrics: those the paper printed.
        further: those that stand beside them.
        main: the metric in which a row is summed up.
        decimals: with which metrics are printed.
        rows: as in the paper, then those it does not have.
        claims: what the paper says of pairs of rows.
        full: hyperparameters by model on ``ENOUGH`` data: the paper's sizes.
        small: the same on less data.
    """

    name: str
    title: str
    task: Literal["ranking", "popularity"]
    published_protocol: str
    our_protocol: str
    metrics: tuple[str, ...]
    further: tuple[str, ...]
    main: str
    decimals: int
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]
    full: Mapping[str, Settings]
    small: Mapping[str, Settings]

    def row(self, key: str) -> Row:
        """The row of a key."""
        return next(row for row in self.rows if row.key == key)


def _pins_and_vines(pins: tuple[float, float], vines: tuple[float, float]) -> Printed:
    return {name: {"HR@100": hr, "NDCG@100": ndcg} for name, (hr, ndcg) in {"Pinterest": pins, "Vine": vines}.items()}


def _flickr(mse: float, mae: float) -> Printed:
    return {"Flickr179K": {"MSE": mse, "MAE": mae}}


_SMALL: Settings = {"batch": 1024, "learning_rate": 0.01, "epochs": 60, "evaluate_every": 3, "monitor": "AUC"}
ACF_SMALL: Mapping[str, Settings] = {
    "acf": _SMALL | {"dim": 32, "hidden": 32, "regularisation": 0.01},
    "ucf": {"neighbours": 20},
    "itemknn": {"neighbours": 100, "shrink": 5},
    "bpr": _SMALL | {"regularisation": 0.02},
    "svdpp": _SMALL | {"regularisation": 0.02},
    "hasc": _SMALL | {"regularisation": 0.05, "context_regularisation": 0.005},
    "cbf": {},
    "svdfeature": _SMALL | {"regularisation": 0.02, "projection_regularisation": 0.01},
    "deephybrid": _SMALL | {"regularisation": 0.05, "factor_epochs": 20, "hidden": 64},
    "vbpr": _SMALL | {"regularisation": 0.02, "projection_regularisation": 0.1},
    "fm": _SMALL | {"regularisation": 0.02, "feature_regularisation": 0.1},
}
"""What suits the demo, by ranking model."""

# Of what the paper says it tried, D and the larger batch; it does not print the rate and regulariser it chose.
_FULL: Settings = {"dim": 128, "batch": 512, "learning_rate": 0.001}
ACF_FULL: Mapping[str, Settings] = {
    "acf": _FULL | {"hidden": 128},
    "ucf": {},
    "itemknn": {},
    "bpr": _FULL,
    "svdpp": _FULL,
    "cbf": {},
    "svdfeature": _FULL,
    "deephybrid": _FULL,
    "vbpr": _FULL | {"dim": 64, "visual_dim": 64},
    "fm": _FULL,
}
"""The sizes of the ACF paper, by model; VBPR has as many numbers for an image as the others in two halves."""

_DEEP: Settings = {"dim": 64, "rare": 2, "steps": None, "epochs": 40, "patience": 10}
UHAN_SMALL: Mapping[str, Settings] = {
    "hisave": {},
    "svr": {"rare": 2},
    "dmf": _DEEP | {"batch": 32, "learning_rate": 5e-3, "dropout": 0.3},
    "dualatt": _DEEP | {"batch": 64, "learning_rate": 1e-2, "dropout": 0.5, "regularisation": 1e-3},
    "uhan": _DEEP | {"batch": 32, "learning_rate": 2e-3, "dropout": 0.4},
}
"""What suits the demo, by popularity model."""
UHAN_FULL: Mapping[str, Settings] = {"hisave": {}, "svr": {}, "dmf": {}, "dualatt": {}, "uhan": {}}
"""The sizes of the UHAN paper are the models' own defaults."""

_RANKED, _ERRORS = ("HR@100", "NDCG@100"), ("MSE", "MAE")

ACF = PaperTable(
    name="acf",
    title="Chen et al.: Attentive Collaborative Filtering, SIGIR 2017, Table 2 (baselines: Figure 2)",
    task="ranking",
    published_protocol="Leave-one-out: each user's latest like is held out and ranked among all images, HR and NDCG at "
    "100, D = 128, ResNet-152 features. Baselines are drawn in figures alone, without numbers.",
    our_protocol="Each user's test likes are ranked among all images but those she is known to like from earlier "
    "splits; validation likes stop the training; in training, the scored image is left out of the history. Features "
    "are those of the dataset. On few images the first 100 places say little, so the first 5 and 10 stand beside them.",
    metrics=_RANKED,
    further=("HR@5", "NDCG@5", "HR@10", "NDCG@10", "AUC"),
    main="NDCG@100",
    decimals=4,
    rows=(
        Row(
            "avg",
            "AVG / -",
            "acf",
            {"items": "average", "components": "none"},
            _pins_and_vines((0.3195, 0.0812), (0.6054, 0.1820)),
        ),
        Row(
            "att-avg",
            "ATT / AVG",
            "acf",
            {"items": "learned", "components": "average"},
            _pins_and_vines((0.3321, 0.0842), (0.6281, 0.1875)),
        ),
        Row(
            "att-att",
            "ATT / ATT",
            "acf",
            {"items": "learned", "components": "learned"},
            _pins_and_vines((0.3378, 0.0855), (0.6365, 0.1903)),
        ),
        Row("ucf", "UCF", "ucf", source="figure"),
        Row("itemknn", "ItemKNN", "itemknn", source="figure"),
        Row("bpr", "BPR", "bpr", source="figure"),
        Row("svdpp", "SVD++", "svdpp", source="figure"),
        Row("cbf", "CBF", "cbf", source="figure"),
        Row("svdfeature", "SVDFeature", "svdfeature", source="figure"),
        Row("deephybrid", "Deep Hybrid", "deephybrid", source="figure"),
        Row("vbpr", "VBPR", "vbpr", source="added"),
        Row("fm", "FM", "fm", source="added"),
        Row(
            "att-att-code",
            "ATT / ATT, released code",
            "acf",
            {"items": "learned", "components": "learned", "form": "code", "project": "before"},
            source="added",
        ),
    ),
    claims=(
        Claim("att-att", "att-avg", _RANKED),
        Claim("att-avg", "avg", _RANKED),
        Claim("att-att", "avg", _RANKED),
        *(
            Claim("att-att", worse, _RANKED)
            for worse in ("svdpp", "bpr", "itemknn", "svdfeature", "deephybrid", "ucf", "cbf")
        ),
        *(Claim("svdpp", worse, _RANKED) for worse in ("bpr", "itemknn", "svdfeature", "deephybrid", "ucf", "cbf")),
    ),
    full=ACF_FULL,
    small=ACF_SMALL,
)

UHAN = PaperTable(
    name="uhan",
    title="Zhang et al.: User-guided Hierarchical Attention Network (UHAN), WWW 2018, Tables 2 to 4",
    task="popularity",
    published_protocol="Posts in order of time, the first 70 % to learn from, of the others a third for validation and "
    "two thirds for test; MSE and MAE of log2(views a day + 1), mean of 3 runs, K = 512, VGG features of 196 regions.",
    our_protocol="MSE, MAE and Spearman's rho over the test posts of the dataset's own split; validation posts stop "
    "the training. Features are those of the dataset.",
    metrics=_ERRORS,
    further=("Spearman",),
    main="MSE",
    decimals=3,
    rows=(
        Row("hisave", "HisAve", "hisave", published=_flickr(4.070, 1.575)),
        Row("svr-text", "SVR (w/o V)", "svr", {"modalities": ("words",)}, _flickr(3.214, 1.392)),
        Row("svr-image", "SVR (w/o T)", "svr", {"modalities": ("regions",)}, _flickr(3.644, 1.484)),
        Row("svr", "SVR", "svr", published=_flickr(3.193, 1.385)),
        Row("dmf", "DMF", "dmf", published=_flickr(3.004, 1.339)),
        Row("dualatt", "DualAtt", "dualatt", published=_flickr(2.412, 1.185)),
        Row("uhan-no-user", "UHAN (w/o u)", "uhan", {"user": False}, _flickr(3.050, 1.347)),
        Row("uhan-text", "UHAN (w/o V)", "uhan", {"modalities": ("words",)}, _flickr(2.321, 1.151)),
        Row("uhan-image", "UHAN (w/o T)", "uhan", {"modalities": ("regions",)}, _flickr(2.337, 1.149)),
        Row(
            "uhan-no-attention",
            "UHAN (w/o intra+inter)",
            "uhan",
            {"intra": "average", "inter": "average"},
            _flickr(2.316, 1.150),
        ),
        Row("uhan-no-intra", "UHAN (w/o intra)", "uhan", {"intra": "average"}, _flickr(2.265, 1.138)),
        Row("uhan-no-inter", "UHAN (w/o inter)", "uhan", {"inter": "average"}, _flickr(2.271, 1.139)),
        Row("uhan-no-shortcut", "UHAN (w/o sc)", "uhan", {"shortcut": False}, _flickr(2.283, 1.139)),
        Row("uhan", "UHAN", "uhan", published=_flickr(2.246, 1.130)),
        Row("uhan-alike", "UHAN, authors start alike", "uhan", {"author_start": 0.6}, source="added"),
    ),
    claims=(
        *(Claim(better, "hisave", _ERRORS) for better in ("svr", "dmf", "dualatt", "uhan")),
        Claim("dmf", "svr", _ERRORS),
        Claim("dualatt", "dmf", _ERRORS),
        Claim("uhan", "dualatt", _ERRORS),
        Claim("uhan-no-shortcut", "dualatt", _ERRORS),
        Claim("uhan", "uhan-no-user", _ERRORS),
        Claim("svr", "svr-text", _ERRORS),
        Claim("svr", "svr-image", _ERRORS),
        Claim("svr-text", "svr-image", _ERRORS),
        Claim("uhan", "uhan-text", _ERRORS),
        Claim("uhan", "uhan-image", _ERRORS),
        # The paper says so of both errors; its MAE is 1.151 against 1.149.
        Claim("uhan-text", "uhan-image", ("MSE",)),
        *(
            Claim("uhan", worse, _ERRORS)
            for worse in ("uhan-no-attention", "uhan-no-intra", "uhan-no-inter", "uhan-no-shortcut")
        ),
    ),
    full=UHAN_FULL,
    small=UHAN_SMALL,
)

TABLES: dict[str, PaperTable] = {table.name: table for table in (ACF, UHAN)}
"""The tables that can be reproduced, by name."""
