"""The tables of the papers as data: what was printed, the models and settings that stand for their rows, the claims.

One file for each paper, with the settings of its rows.
"""

from workbench.evaluation.tables.acf import ACF, ACF_FULL, ACF_SMALL
from workbench.evaluation.tables.ante_rnn import ANTE_FULL, ANTE_RNN, ANTE_SMALL, ATTENTION
from workbench.evaluation.tables.diffnet import DIFFNET, DIFFNET_FULL, DIFFNET_SMALL
from workbench.evaluation.tables.hasc import HASC, HASC_FULL, HASC_SMALL
from workbench.evaluation.tables.paper import ENOUGH, SECONDS, Claim, PaperTable, Printed, Row, Settings
from workbench.evaluation.tables.parameters import ACF_INPUTS, ANTE_RUNTIME, ANTE_SIZE, ANTE_WINDOW, DIFFNET_DEPTH
from workbench.evaluation.tables.uhan import UHAN, UHAN_FULL, UHAN_SMALL

TABLES: dict[str, PaperTable] = {
    table.name: table
    for table in (
        HASC,
        ACF,
        ACF_INPUTS,
        UHAN,
        ANTE_RNN,
        ANTE_RUNTIME,
        ATTENTION,
        ANTE_SIZE,
        ANTE_WINDOW,
        DIFFNET,
        DIFFNET_DEPTH,
    )
}
"""The tables that can be reproduced, by name."""

__all__ = [
    "ACF",
    "ACF_FULL",
    "ACF_INPUTS",
    "ACF_SMALL",
    "ANTE_FULL",
    "ANTE_RNN",
    "ANTE_RUNTIME",
    "ANTE_SIZE",
    "ANTE_SMALL",
    "ANTE_WINDOW",
    "ATTENTION",
    "DIFFNET",
    "DIFFNET_DEPTH",
    "DIFFNET_FULL",
    "DIFFNET_SMALL",
    "ENOUGH",
    "HASC",
    "HASC_FULL",
    "HASC_SMALL",
    "SECONDS",
    "TABLES",
    "UHAN",
    "UHAN_FULL",
    "UHAN_SMALL",
    "Claim",
    "PaperTable",
    "Printed",
    "Row",
    "Settings",
]
