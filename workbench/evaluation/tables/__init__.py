"""The tables of the papers as data: what was printed, the models and settings that stand for their rows, the claims.

One file for each paper, with the settings of its rows.
"""

from workbench.evaluation.tables.acf import ACF, ACF_FULL, ACF_SMALL
from workbench.evaluation.tables.ante_rnn import ANTE_FULL, ANTE_RNN, ANTE_SMALL, ATTENTION
from workbench.evaluation.tables.diffnet import DIFFNET, DIFFNET_FULL, DIFFNET_SMALL
from workbench.evaluation.tables.hasc import HASC, HASC_FULL, HASC_SMALL
from workbench.evaluation.tables.paper import ENOUGH, Claim, PaperTable, Printed, Row, Settings
from workbench.evaluation.tables.uhan import UHAN, UHAN_FULL, UHAN_SMALL

TABLES: dict[str, PaperTable] = {table.name: table for table in (HASC, ACF, UHAN, ANTE_RNN, ATTENTION, DIFFNET)}
"""The tables that can be reproduced, by name."""

__all__ = [
    "ACF",
    "ACF_FULL",
    "ACF_SMALL",
    "ANTE_FULL",
    "ANTE_RNN",
    "ANTE_SMALL",
    "ATTENTION",
    "DIFFNET",
    "DIFFNET_FULL",
    "DIFFNET_SMALL",
    "ENOUGH",
    "HASC",
    "HASC_FULL",
    "HASC_SMALL",
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
