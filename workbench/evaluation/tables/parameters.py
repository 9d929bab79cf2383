"""What the papers tell of one parameter (inputs of ACF, depth of DiffNet, D and window of Ante-RNN) and of time."""

from __future__ import annotations

from dataclasses import replace

from workbench.evaluation.tables.acf import ACF, pins_and_vines
from workbench.evaluation.tables.ante_rnn import ANTE_RNN
from workbench.evaluation.tables.diffnet import DIFFNET
from workbench.evaluation.tables.paper import SECONDS, Claim, Row, Settings


def _seen(key: str, label: str, settings: Settings, pins: tuple[float, float], vines: tuple[float, float]) -> Row:
    """A row of Table 3 of ACF: what its attention over liked images sees."""
    return Row(key, label, "acf", {"items": "learned", **settings}, pins_and_vines(pins, vines))


_UNSEEN: Settings = {"components": "none"}

ACF_INPUTS = replace(
    ACF,
    name="acf-inputs",
    title=f"{ACF.title.partition(', Table')[0]}, Table 3",
    rows=(
        replace(ACF.row("avg"), key="none", label="None"),
        _seen("uv", "U+V", _UNSEEN | {"inputs": ("item",)}, (0.3217, 0.0831), (0.6168, 0.1836)),
        _seen("up", "U+P", _UNSEEN | {"inputs": ("auxiliary",)}, (0.3269, 0.0834), (0.6237, 0.1865)),
        _seen("uvp", "U+V+P", _UNSEEN | {"inputs": ("item", "auxiliary")}, (0.3296, 0.0832), (0.6260, 0.1871)),
        _seen(
            "uvpx",
            "U+V+P+X",
            {"components": "learned", "inputs": ("item", "auxiliary")},
            (0.3378, 0.0855),
            (0.6365, 0.1903),
        ),
    ),
    claims=(
        *(Claim("uvpx", worse, ACF.metrics) for worse in ("none", "uv", "up", "uvp")),
        *(Claim(better, "none", ACF.metrics) for better in ("uv", "up", "uvp")),
        Claim("up", "uv", ACF.metrics),
    ),
)

DIFFNET_DEPTH = replace(
    DIFFNET,
    name="diffnet-depth",
    title="Wu et al.: DiffNet, SIGIR 2019: hops of diffusion (drawn there, without numbers)",
    main="CappedRecall@10",
    rows=tuple(
        Row(f"k{k}", f"K = {k}", "diffnet", {"layer": "mean", "readout": "sum", "depth": k}, source="figure")
        for k in range(5)
    ),
    claims=tuple(Claim("k2", worse, DIFFNET.metrics) for worse in ("k0", "k1", "k3")),
)

_ANTE = ANTE_RNN.title.partition(", Table")[0]

ANTE_SIZE = replace(
    ANTE_RNN,
    name="ante-rnn-size",
    title=f"{_ANTE}, Figure 6: D (drawn there, without numbers)",
    rows=tuple(
        Row(f"{model}-{dim}", f"{label}, D = {dim}", model, {"dim": dim}, source="figure")
        for model, label in (("gru", "GRU"), ("anternn", "Ante-RNN"))
        for dim in (32, 64, 128, 256, 512)
    ),
    claims=(),
)

ANTE_RUNTIME = replace(
    ANTE_RNN,
    name="ante-rnn-runtime",
    title=f"{_ANTE}, Table 5",
    published_protocol="Seconds of a whole training on one NVIDIA TITAN X; how many epochs it has is not said.",
    our_protocol="Seconds by the clock of all epochs until validation stopped the training, validations not counted, "
    "on whatever machine trained the run: compare rows that were trained side by side on an idle one.",
    metrics=(SECONDS,),
    main=SECONDS,
    further=("Recall@20", "NDCG@20", "Recall@20 new", "NDCG@20 new"),
    rows=tuple(
        replace(ANTE_RNN.row(key), published={"MovieLens": {SECONDS: movies}, "Pinterest": {SECONDS: pins}})
        for key, movies, pins in (
            ("gru", 3725.03, 918.34),
            ("iarn", 4306.82, 1150.96),
            ("anternn", 4913.67, 1431.29),
            ("mvrnn", 12416.51, 3504.02),
        )
    ),
    claims=(),
)

ANTE_WINDOW = replace(
    ANTE_RNN,
    name="ante-rnn-window",
    title=f"{_ANTE}, Figure 7: window of the contextual attention (drawn there, without numbers)",
    rows=tuple(Row(f"w{w}", f"w = {w}", "anternn", {"window": w}, source="figure") for w in range(1, 7)),
    claims=(),
)
