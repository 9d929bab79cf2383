"""The comparison of the DiffNet papers."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.evaluation.tables.paper import Claim, PaperTable, Printed, Row, Settings

_RANKED = ("CappedRecall@10", "NDCG@10")

_PAIRS: Settings = {"batch": 1024, "learning_rate": 0.01, "epochs": 60, "evaluate_every": 3, "monitor": "NDCG@10"}
DIFFNET_SMALL: Mapping[str, Settings] = {
    "popularity": {},
    "itemknn": {"neighbours": 100, "shrink": 5},
    "ucf": {"neighbours": 20},
    "als": {"dim": 32},
    "ease": {"strength": 50},
    "bpr": _PAIRS | {"dim": 32, "regularisation": 0.02},
    "svdpp": _PAIRS | {"dim": 32, "regularisation": 0.02},
    "soreg": _PAIRS | {"dim": 32, "regularisation": 0.02, "social": 1.0},
    "contextmf": _PAIRS | {"dim": 32, "regularisation": 0.02, "similar_by": "none"},
    "trustsvd": _PAIRS | {"dim": 32, "regularisation": 0.02, "trust": 1.0},
    "gcmc": _PAIRS | {"dim": 32},
    "pinsage": _PAIRS | {"dim": 32},
    "lightgcn": _PAIRS | {"dim": 32},
    "diffnet": _PAIRS | {"dim": 32},
    "diffnetpp": _PAIRS | {"dim": 32},
}
"""What suits the demo, by model."""

_LARGE: Settings = {"dim": 64, "batch": 8192, "learning_rate": 5e-3, "epochs": 100, "evaluate_every": 4}
_LARGE |= {"monitor": "NDCG@10", "patience": 3, "negatives": 4}
# Some learn on after three validations that were no better.
_PATIENT: Settings = _LARGE | {"patience": 5}
DIFFNET_FULL: Mapping[str, Settings] = {
    "popularity": {},
    "itemknn": {"neighbours": 4000, "shrink": 1000},
    "ucf": {"neighbours": 500},
    "als": {"dim": 24, "confidence": 24.2, "regularisation": 91.6},
    "ease": {},
    "bpr": _PATIENT | {"learning_rate": 0.004, "regularisation": 0.01, "epochs": 250},
    "svdpp": _PATIENT | {"learning_rate": 0.001, "regularisation": 0.03},
    "soreg": _PATIENT | {"epochs": 200, "regularisation": 0.01, "social": 30},
    "contextmf": _LARGE | {"similar_by": "none", "regularisation": 0.03},
    "trustsvd": _PATIENT | {"learning_rate": 0.0005, "regularisation": 1.2, "epochs": 250},
    "gcmc": _PATIENT | {"learning_rate": 0.0037, "regularisation": 1e-4},
    "pinsage": _PATIENT,
    "lightgcn": _PATIENT | {"regularisation": 3e-3},
    "diffnet": _LARGE | {"regularisation": 0.03},
    "diffnetpp": _LARGE | {"std": 0.01, "regularisation": 0.01},
}
"""What a search on the validation likes of the released Flickr graph found, D = 64, by model."""


def _yelp(hits: float, ndcg: float) -> Printed:
    return {"Yelp, D = 32": {"CappedRecall@10": hits, "NDCG@10": ndcg}}


DIFFNET = PaperTable(
    name="diffnet",
    title="Wu et al.: DiffNet, SIGIR 2019, and DiffNet++, TKDE 2020: the comparison at 10",
    task="ranking",
    published_protocol="Each user's test likes are ranked together with 1,000 images; HR@10 is hits over min(test "
    "likes, 10), here CappedRecall@10. The printed values are those of the released code on Yelp, with features.",
    our_protocol="Each user's test likes are ranked together with 1,000 images she likes in no split, mean of 10 "
    "draws; validation likes stop the training. Ids and links alone: no model has features.",
    protocols={"": "paper"},
    metrics=_RANKED,
    further=("CappedRecall@5", "NDCG@5", "CappedRecall@15", "NDCG@15", "Recall@10", "AUC"),
    main="NDCG@10",
    decimals=4,
    rows=(
        Row("popularity", "Popularity", "popularity", source="added"),
        Row("itemknn", "ItemKNN", "itemknn", source="added"),
        Row("ucf", "UCF", "ucf", source="added"),
        Row("als", "ALS", "als", source="added"),
        Row("ease", "EASE", "ease", source="added"),
        Row("bpr", "BPR", "bpr", source="figure"),
        Row("svdpp", "SVD++", "svdpp", source="figure"),
        Row("soreg", "SoReg", "soreg", source="added"),
        Row("contextmf", "ContextMF", "contextmf", source="figure"),
        Row("trustsvd", "TrustSVD", "trustsvd", source="figure"),
        Row("gcmc", "GC-MC", "gcmc", source="figure"),
        Row("pinsage", "PinSage", "pinsage", source="figure"),
        Row("lightgcn", "LightGCN", "lightgcn", source="added"),
        Row("diffnet-paper", "DiffNet, printed", "diffnet", {"layer": "dense", "readout": "last"}, source="figure"),
        Row("diffnet", "DiffNet, released", "diffnet", {"layer": "mean", "readout": "sum"}, _yelp(0.3437, 0.2095)),
        Row(
            "diffnet-blocks",
            "DiffNet, one hop, two blocks",
            "diffnet",
            {"layer": "mean", "readout": "sum", "depth": 1, "dim": 128, "blocks": 2},
            source="added",
            keeps=("dim",),
        ),
        Row("diffnetpp", "DiffNet++", "diffnetpp", source="figure"),
        Row("diffnetpp-average", "DiffNet++ without attention", "diffnetpp", {"attention": "average"}, source="added"),
    ),
    claims=(
        *(
            Claim("diffnet", worse, _RANKED)
            for worse in ("bpr", "svdpp", "contextmf", "trustsvd", "gcmc", "pinsage", "diffnet-paper")
        ),
        Claim("diffnetpp", "diffnet", _RANKED),
        *(Claim("diffnetpp", worse, _RANKED) for worse in ("bpr", "lightgcn", "itemknn", "als")),
        *(Claim("diffnet", worse, _RANKED) for worse in ("lightgcn", "itemknn", "als", "soreg")),
        *(
            Claim("diffnet-blocks", worse, _RANKED)
            for worse in ("diffnet", "lightgcn", "als", "ease", "svdpp", "trustsvd")
        ),
        *(Claim("trustsvd", worse, _RANKED) for worse in ("bpr", "svdpp")),
    ),
    full=DIFFNET_FULL,
    small=DIFFNET_SMALL,
)
