"""The tables of the Ante-RNN paper."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.evaluation.tables.acf import ACF_SMALL
from workbench.evaluation.tables.paper import Claim, PaperTable, Printed, Row, Settings

_KS = (5, 10, 15, 20, 25)
_PRINTED = tuple(f"{name}@{k}" for name in ("Recall", "NDCG") for k in _KS)
_AT_20 = ("Recall@20", "NDCG@20")
_TESTED = ("Recall@20", "Recall@20 new")
_FURTHER = (
    *(f"{name}@{k}" for k in _KS if k != 20 for name in ("Recall", "NDCG")),
    *(f"{name}@{k} new" for k in (5, 10, 20) for name in ("Recall", "NDCG")),
)

_SEQUENCE: Settings = {"dim": 128, "dropout": 0.5, "learning_rate": 2e-3, "batch": 1500, "patience": 5}
# A recurrent network over the words of every text doubles the cost of an epoch, so their vectors alone.
_READ: Settings = {"words": "embedding", "longest_text": 30, "align_temperature": 6, "features": "descriptor"}
# A validation costs as much as the training of an epoch.
_READ |= {"evaluate_every": 3, "patience": 3}
_PAIRS: Settings = {"batch": 1024, "learning_rate": 1e-3, "monitor": "NDCG@10", "patience": 6}
ANTE_FULL: Mapping[str, Settings] = {
    "bpr": _PAIRS | {"dim": 128},
    "ctr": {},
    "vbpr": _PAIRS | {"dim": 64, "visual_dim": 64, "features": "descriptor"},
    "gru": _SEQUENCE,
    "iarn": {},
    # Every user reads every image in her own way, so a validation costs four epochs of training.
    "mlam": {"dim": 128, "features": "descriptor", "evaluate_every": 4, "patience": 3},
    "mvrnn": _SEQUENCE | {"dim": 64, "features": "descriptor", "loss": "softmax"},
    "anternn": _SEQUENCE | _READ,
    "recentknn": {},
    "sasrec": _SEQUENCE | {"learning_rate": 1e-3},
}
"""By model, D = 128 of the paper and what suits the smaller MovieLens; MV-RNN and VBPR have D in two halves."""

_SEQUENCE_SMALL: Settings = _SEQUENCE | {"dim": 64}
ANTE_SMALL: Mapping[str, Settings] = {
    "bpr": ACF_SMALL["bpr"],
    "ctr": {},
    "vbpr": {**ACF_SMALL["vbpr"], "features": "descriptor"},
    "gru": _SEQUENCE_SMALL,
    "iarn": {},
    "mlam": {"features": "descriptor"},
    "mvrnn": _SEQUENCE_SMALL | {"dim": 32, "features": "descriptor", "loss": "softmax"},
    "anternn": _SEQUENCE_SMALL | _READ,
    "recentknn": {},
    "sasrec": _SEQUENCE_SMALL | {"learning_rate": 1e-3},
}
"""What suits the demo, by model."""

_CONTENT: Settings = {"fusion": "attention", "output": "content", "identity": True, "tied": True, "repeats": True}
_PLAIN: Settings = {"modalities": ("words",), "topical": False, "contextual": False}
_BLOCKS: Settings = {"dim": 384, "blocks": 3}


def _values(movielens: str, pinterest: str) -> Printed:
    """Recall at 5, 10, 15, 20 and 25, then NDCG."""
    return {
        name: dict(zip(_PRINTED, map(float, line.split()), strict=True))
        for name, line in {"MovieLens": movielens, "Pinterest": pinterest}.items()
    }


def _at_20(movielens: tuple[float, float], pinterest: tuple[float, float]) -> Printed:
    values = {"MovieLens": movielens, "Pinterest": pinterest}
    return {name: dict(zip(_AT_20, pair, strict=True)) for name, pair in values.items()}


_PAPER = "Liu et al.: Dynamic attention-based explainable recommendation (Ante-RNN), IP&M 2020"
_PUBLISHED = (
    "The first 80 % of a user's likes to learn from (a tenth of them for validation), the last 20 % predicted one "
    "after the other: Recall and NDCG of the next image, mean of 5 splits, D = 128, 36 regions of a Faster R-CNN. "
    "Whether images liked before are ranked is not said."
)
_OURS = (
    "Every test like is ranked at its moment among all images, those liked before included; a model of sequences knows "
    "all likes before the moment, any other the train likes alone. Means are over moments. Behind 'new' images liked "
    "before are left out, so that no model gains by merely not repeating them. Validation likes stop the training. "
    "Splits and features are those of the dataset."
)

_FACTORS, _NEURAL = ("bpr", "ctr", "vbpr"), ("gru", "iarn", "mlam", "mvrnn")
_VARIANTS = ("v-anternn", "t-anternn", "anternn-d", "anternn-n")

ANTE_RNN = PaperTable(
    name="ante-rnn",
    title=f"{_PAPER}, Table 4",
    task="ranking",
    published_protocol=_PUBLISHED,
    our_protocol=_OURS,
    protocols={"": "next", "new": "next-new"},
    metrics=_AT_20,
    further=_FURTHER,
    main="Recall@20",
    decimals=3,
    rows=(
        Row(
            "bpr",
            "BPR",
            "bpr",
            published=_values(
                ".128 .154 .172 .199 .215 .083 .096 .102 .114 .127",
                ".056 .073 .085 .094 .107 .032 .039 .047 .052 .058",
            ),
        ),
        Row(
            "ctr",
            "CTR",
            "ctr",
            published=_values(
                ".189 .206 .223 .237 .251 .096 .103 .115 .128 .142",
                ".071 .083 .092 .106 .124 .039 .048 .053 .062 .067",
            ),
        ),
        Row(
            "vbpr",
            "VBPR",
            "vbpr",
            published=_values(
                ".211 .226 .240 .256 .274 .102 .116 .129 .141 .153",
                ".078 .092 .103 .114 .135 .042 .053 .059 .064 .071",
            ),
        ),
        Row(
            "gru",
            "GRU",
            "gru",
            published=_values(
                ".261 .274 .298 .311 .326 .133 .142 .157 .173 .185",
                ".109 .120 .131 .142 .153 .058 .061 .066 .071 .076",
            ),
        ),
        Row(
            "iarn",
            "IARN",
            "iarn",
            published=_values(
                ".282 .297 .316 .331 .343 .157 .163 .179 .192 .208",
                ".113 .126 .139 .152 .164 .061 .067 .072 .078 .085",
            ),
        ),
        Row(
            "mlam",
            "MLAM",
            "mlam",
            published=_values(
                ".309 .321 .342 .358 .371 .174 .186 .203 .217 .232",
                ".151 .173 .186 .201 .218 .079 .085 .093 .102 .114",
            ),
        ),
        Row(
            "mvrnn",
            "MV-RNN",
            "mvrnn",
            published=_values(
                ".326 .338 .361 .375 .389 .191 .204 .225 .231 .253",
                ".175 .188 .207 .219 .237 .093 .101 .108 .119 .130",
            ),
        ),
        Row(
            "v-anternn",
            "v-Ante-RNN",
            "anternn",
            {"modalities": ("regions",)},
            _values(
                ".273 .291 .309 .326 .337 .146 .157 .162 .184 .203",
                ".141 .154 .162 .177 .197 .071 .076 .083 .095 .103",
            ),
        ),
        Row(
            "t-anternn",
            "t-Ante-RNN",
            "anternn",
            {"modalities": ("words",)},
            _values(
                ".301 .315 .329 .347 .364 .162 .174 .193 .209 .226",
                ".136 .142 .157 .169 .183 .068 .074 .079 .091 .098",
            ),
        ),
        Row(
            "anternn-d",
            "Ante-RNN-D",
            "anternn",
            {"fusion": "direct"},
            _values(
                ".342 .361 .384 .393 .407 .208 .221 .239 .252 .275",
                ".202 .216 .229 .245 .258 .109 .122 .126 .137 .154",
            ),
        ),
        Row(
            "anternn-n",
            "Ante-RNN-N",
            "anternn",
            {"fusion": "neural"},
            _values(
                ".359 .385 .401 .416 .429 .220 .238 .251 .265 .286",
                ".218 .231 .241 .257 .269 .124 .136 .141 .149 .166",
            ),
        ),
        Row(
            "anternn",
            "Ante-RNN",
            "anternn",
            {"fusion": "attention"},
            _values(
                ".365 .389 .408 .421 .436 .227 .246 .263 .272 .298",
                ".223 .238 .252 .264 .276 .129 .145 .148 .162 .181",
            ),
        ),
        Row("recentknn", "item kNN, last ten likes", "recentknn", {"recent": 10}, source="added"),
        Row("sasrec", "SASRec", "sasrec", source="added"),
        Row("gru-repeats", "GRU told of repeats", "gru", {"repeats": True}, source="added"),
        Row(
            "gru-blocks",
            "GRU told of repeats, in three blocks",
            "gru",
            {"repeats": True} | _BLOCKS,
            source="added",
            keeps=("dim",),
        ),
        Row("anternn-content", "Ante-RNN with content", "anternn", _CONTENT, source="added"),
        Row("content-words", "... its words alone", "anternn", _CONTENT | {"modalities": ("words",)}, source="added"),
        Row("content-plain", "... words, no attention", "anternn", _CONTENT | _PLAIN, source="added"),
        Row(
            "content-blocks",
            "... the same in three blocks",
            "anternn",
            _CONTENT | _PLAIN | _BLOCKS,
            source="added",
            keeps=("dim",),
        ),
        Row("content-repeats", "... not told of repeats", "anternn", _CONTENT | {"repeats": False}, source="added"),
    ),
    claims=(
        *(Claim("anternn", worse, _TESTED) for worse in (*_FACTORS, *_NEURAL, *_VARIANTS)),
        Claim("anternn-n", "anternn-d", _TESTED),
        *(Claim("mvrnn", worse, _TESTED) for worse in ("mlam", "iarn", "gru")),
        *(Claim("mlam", worse, _TESTED) for worse in ("iarn", "gru")),
        *(Claim(better, worse, _TESTED) for better in (*_NEURAL, *_VARIANTS) for worse in _FACTORS),
        *(Claim(better, "bpr", _TESTED) for better in ("ctr", "vbpr")),
    ),
    full=ANTE_FULL,
    small=ANTE_SMALL,
)


def _attended(key: str, label: str, settings: Settings, printed: Printed) -> Row:
    """A row of Table 6: which of the two attentions there are, and what the contextual one knows."""
    every = {"topical": True, "contextual": True, "time_of_week": True, "interval": True}
    return Row(key, label, "anternn", {**every, **settings}, printed)


ATTENTION = PaperTable(
    name="ante-rnn-attention",
    title=f"{_PAPER}, Table 6",
    task="ranking",
    published_protocol=_PUBLISHED,
    our_protocol=_OURS,
    protocols={"": "next", "new": "next-new"},
    metrics=_AT_20,
    further=_FURTHER,
    main="Recall@20",
    decimals=3,
    rows=(
        _attended("none", "None", {"topical": False, "contextual": False}, _at_20((0.364, 0.228), (0.205, 0.112))),
        _attended("t", "T", {"contextual": False}, _at_20((0.385, 0.246), (0.227, 0.133))),
        _attended("c-tw", "C-Tw", {"topical": False, "time_of_week": False}, _at_20((0.398, 0.253), (0.246, 0.147))),
        _attended("c-dt", "C-dt", {"topical": False, "interval": False}, _at_20((0.387, 0.249), (0.232, 0.136))),
        _attended("c", "C", {"topical": False}, _at_20((0.406, 0.259), (0.253, 0.151))),
        _attended("tc-tw", "T+C-Tw", {"time_of_week": False}, _at_20((0.414, 0.268), (0.258, 0.159))),
        _attended("tc-dt", "T+C-dt", {"interval": False}, _at_20((0.409, 0.261), (0.251, 0.148))),
        _attended("tc", "T+C", {}, _at_20((0.421, 0.272), (0.264, 0.162))),
    ),
    claims=(
        *(Claim("tc", worse, _TESTED) for worse in ("none", "t", "c-tw", "c-dt", "c", "tc-tw", "tc-dt")),
        Claim("c", "t", _TESTED),
        *(Claim(better, "none", _TESTED) for better in ("c", "t")),
        *(Claim("c", worse, _TESTED) for worse in ("c-tw", "c-dt")),
        Claim("c-tw", "c-dt", _TESTED),
        Claim("tc-tw", "tc-dt", _TESTED),
    ),
    full=ANTE_FULL,
    small=ANTE_SMALL,
)
