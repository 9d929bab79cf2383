"""The table of the ACF paper."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.evaluation.tables.paper import Claim, PaperTable, Printed, Row, Settings

_RANKED = ("HR@100", "NDCG@100")

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
    "als": {"dim": 32},
    "ease": {"strength": 50},
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
    "als": {"dim": 128},
    "ease": {},
    "svdfeature": _FULL,
    "deephybrid": _FULL,
    "vbpr": _FULL | {"dim": 64, "visual_dim": 64},
    "fm": _FULL,
}
"""The sizes of the ACF paper, by model; VBPR has as many numbers for an image as the others in two halves."""


def pins_and_vines(pins: tuple[float, float], vines: tuple[float, float]) -> Printed:
    """What is printed of a row for both datasets: HR and NDCG at 100."""
    return {name: {"HR@100": hr, "NDCG@100": ndcg} for name, (hr, ndcg) in {"Pinterest": pins, "Vine": vines}.items()}


ACF = PaperTable(
    name="acf",
    title="Chen et al.: Attentive Collaborative Filtering, SIGIR 2017, Table 2 (baselines: Figure 2)",
    task="ranking",
    published_protocol="Leave-one-out: each user's latest like is held out and ranked among all images, HR and NDCG at "
    "100, D = 128, ResNet-152 features. Baselines are drawn in figures alone, without numbers.",
    our_protocol="Each user's test likes are ranked among all images but those she is known to like from earlier "
    "splits; validation likes stop the training; in training, the scored image is left out of the history. Features "
    "are those of the dataset. On few images the first 100 places say little, so the first 5 and 10 stand beside them.",
    protocols={"": "full"},
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
            pins_and_vines((0.3195, 0.0812), (0.6054, 0.1820)),
        ),
        Row(
            "att-avg",
            "ATT / AVG",
            "acf",
            {"items": "learned", "components": "average"},
            pins_and_vines((0.3321, 0.0842), (0.6281, 0.1875)),
        ),
        Row(
            "att-att",
            "ATT / ATT",
            "acf",
            {"items": "learned", "components": "learned"},
            pins_and_vines((0.3378, 0.0855), (0.6365, 0.1903)),
        ),
        Row("ucf", "UCF", "ucf", source="figure"),
        Row("itemknn", "ItemKNN", "itemknn", source="figure"),
        Row("bpr", "BPR", "bpr", source="figure"),
        Row("svdpp", "SVD++", "svdpp", source="figure"),
        Row("cbf", "CBF", "cbf", source="figure"),
        Row("svdfeature", "SVDFeature", "svdfeature", source="figure"),
        Row("deephybrid", "Deep Hybrid", "deephybrid", source="figure"),
        Row("als", "ALS", "als", source="added"),
        Row("ease", "EASE", "ease", source="added"),
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
