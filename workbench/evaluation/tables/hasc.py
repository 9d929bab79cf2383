"""The tables of the HASC paper."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.evaluation.tables.paper import Claim, PaperTable, Printed, Row, Settings

_RANKED = ("HR@5", "NDCG@5")
_GRAPH: Settings = {"inputs": ["base", "auxiliary"]}

_SMALL: Settings = {"batch": 1024, "learning_rate": 0.01, "epochs": 60, "evaluate_every": 3}
HASC_SMALL: Mapping[str, Settings] = {
    "bpr": _SMALL | {"dim": 15, "regularisation": 0.02},
    "svdpp": _SMALL | {"dim": 15, "regularisation": 0.02},
    "hasc": _SMALL | {"regularisation": 0.05, "context_regularisation": 0.005},
    "popularity": {},
    "itemknn": {"neighbours": 100, "shrink": 5},
    "als": {"dim": 32},
    "ease": {"strength": 50},
    "hasc-plus": {"batch": 1024, "strength": 50, "pool": 200, "epochs": 12},
}
"""What suits the demo, by model."""

# The paper's D and lambda; its rate is not printed and its batch of 512 only costs time here.
_FULL: Settings = {"dim": 15, "batch": 8192, "epochs": 90, "evaluate_every": 3, "patience": 5}
HASC_FULL: Mapping[str, Settings] = {
    "bpr": _FULL,
    "svdpp": _FULL,
    "hasc": _FULL,
    "popularity": {},
    "itemknn": {"neighbours": 200},
    "als": {"dim": 128},
    "ease": {},
    "hasc-plus": {},
}
"""The sizes of the HASC paper, by model; opponents it does not have were set on validation likes."""


def _printed(small: tuple[float, float], large: tuple[float, float]) -> Printed:
    return {name: dict(zip(_RANKED, values, strict=True)) for name, values in {"F_S": small, "F_L": large}.items()}


def _contexts(key: str, label: str, aspects: list[str], attention: str, printed: Printed) -> Row:
    return Row(key, label, "hasc", {"aspects": aspects, "attention": attention} | _GRAPH, printed)


_ALL = ["uploads", "follows", "creator"]

HASC = PaperTable(
    name="hasc",
    title="Wu et al.: HASC, TKDE 2019 (arXiv 1806.00723), Tables 3 and 4",
    task="ranking",
    published_protocol="One held-out like of each user among 1,000 unrated images, mean of 10 draws, D = 15. Table 3 "
    "prints gains over BPR in per cent; its values here are these gains on the BPR that they and Table 4 imply.",
    our_protocol="Each user's test likes are ranked together with 1,000 images she likes in no split, mean of 10 "
    "draws; validation likes stop the training. Rows of Table 3 read base and auxiliary input, so that they need no "
    "pictures.",
    protocols={"": "paper"},
    metrics=_RANKED,
    further=("HR@10", "NDCG@10", "AUC"),
    main="NDCG@5",
    decimals=4,
    rows=(
        Row("bpr", "BPR", "bpr", published=_printed((0.3486, 0.2358), (0.4268, 0.2901))),
        _contexts("u-avg", "U / AVG", ["uploads"], "average", _printed((0.3690, 0.2517), (0.4440, 0.3076))),
        _contexts("u-att", "U / ATT", ["uploads"], "learned", _printed((0.3842, 0.2632), (0.4543, 0.3221))),
        _contexts("s-avg", "S / AVG", ["follows"], "average", _printed((0.3634, 0.2472), (0.4425, 0.3047))),
        _contexts("s-att", "S / ATT", ["follows"], "learned", _printed((0.3751, 0.2570), (0.4494, 0.3181))),
        _contexts("c", "C", ["creator"], "average", _printed((0.3650, 0.2504), (0.4412, 0.3131))),
        _contexts("usc-avg", "U+S+C / AVG", _ALL, "average", _printed((0.3711, 0.2601), (0.4505, 0.3162))),
        Row("base", "Base", "hasc", {"inputs": ["base"]}, _printed((0.3722, 0.2559), (0.4438, 0.3143))),
        Row("auxil", "Base+Auxil", "hasc", _GRAPH, _printed((0.3869, 0.2681), (0.4566, 0.3268))),
        Row(
            "visual",
            "Base+Auxil+Visual",
            "hasc",
            {"inputs": ["base", "auxiliary", "visual"]},
            _printed((0.3937, 0.2737), (0.4681, 0.3356)),
            pictures=True,
        ),
        Row("svdpp", "SVD++", "svdpp", source="added"),
        Row("popularity", "Popularity", "popularity", source="added"),
        Row("itemknn", "ItemKNN", "itemknn", source="added"),
        Row("als", "ALS", "als", source="added"),
        Row("bpr-tuned", "BPR, D = 128, tuned", "bpr", {"dim": 128, "negatives": 4}, source="added"),
        Row("ease", "EASE", "ease", source="added"),
        Row("hasc-plus", "HASC-plus", "hasc-plus", source="added"),
    ),
    claims=(
        *(Claim("auxil", worse, _RANKED) for worse in ("bpr", "base", "u-att", "s-att", "c", "usc-avg")),
        Claim("visual", "auxil", _RANKED),
        Claim("u-att", "u-avg", _RANKED),
        Claim("s-att", "s-avg", _RANKED),
        *(Claim(better, "bpr", _RANKED) for better in ("u-avg", "s-avg", "c", "usc-avg")),
        *(
            Claim("hasc-plus", worse, _RANKED)
            for worse in ("auxil", "bpr", "svdpp", "popularity", "itemknn", "als", "bpr-tuned", "ease")
        ),
    ),
    full=HASC_FULL,
    small=HASC_SMALL,
)
