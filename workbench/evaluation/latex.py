"""A reproduced table as LaTeX, to be set with the package booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.evaluation.reproduction import Reproduction, Value
from workbench.evaluation.tables import PaperTable

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_MEANT = {"holds": r"$\checkmark$", "reversed": r"$\times$", "undecided": r"$\approx$"}


def latex(found: Reproduction, table: PaperTable) -> str:
    """Three tables: the paper's values beside ours, ours by groups of users, and what became of the claims.

    Args:
        found: what ``workbench.reproduce.reproduce`` returned.
        table: the table it reproduces.
    """
    parts = [_values(found, table), _groups(found, table)]
    if found.claims:
        parts.append(_claims(found, table))
    return "\n".join(part for part in parts if part)


def escaped(text: str) -> str:
    """Text as LaTeX prints it."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def _values(found: Reproduction, table: PaperTable) -> str:
    datasets = list(dict.fromkeys(name for row in table.rows for name in row.published))
    metrics = table.metrics
    heads = [
        *([escaped(name)] * len(metrics) for name in datasets),
        [escaped(found.dataset) + " (ours)"] * len(metrics),
    ]
    upper = " & ".join(f"\\multicolumn{{{len(head)}}}{{c}}{{{head[0]}}}" for head in heads)
    lower = " & ".join(escaped(metric) for _ in heads for metric in metrics)
    lines = []
    for row in found.rows:
        printed = [
            "--" if row.published is None else f"{row.published[name][metric]:.{table.decimals}f}"
            for name in datasets
            for metric in metrics
        ]
        ours = [_value(row.metrics[metric], table.decimals) for metric in metrics]
        lines.append([escaped(row.row), *printed, *ours])
    caption = f"{found.title}. Ours on {found.dataset}. {found.protocol}"
    return _table("l" + "r" * (len(metrics) * len(heads)), [f" & {upper}", f"row & {lower}"], lines, caption)


def _groups(found: Reproduction, table: PaperTable) -> str:
    first = found.rows[0].groups if found.rows else ()
    if not first:
        return ""
    heads = " & ".join(f"{group.fewest}--{group.most}" for group in first)
    lines = [
        [escaped(row.row), *(_value(group.metrics[table.main], table.decimals) for group in row.groups)]
        for row in found.rows
    ]
    caption = f"{table.main} by the number of training {'likes' if table.task == 'ranking' else 'posts'} of a user."
    return _table("l" + "r" * len(first), [f"row & {heads}"], lines, caption)


def _claims(found: Reproduction, table: PaperTable) -> str:
    lines = [
        [
            escaped(claim.better), escaped(claim.worse), escaped(claim.metric),
            f"${claim.difference:+.{table.decimals}f}$", f"{claim.p:.3f}", _MEANT[claim.verdict],
        ]
        for claim in found.claims
    ]  # fmt: skip
    caption = (
        "Claims of the paper: difference of the first row to the second (positive: agrees), two-sided p of a paired "
        "t-test over users."
    )
    return _table("lllrrc", ["better & worse & metric & difference & $p$ & "], lines, caption)


def _table(columns: str, heads: Sequence[str], lines: Sequence[Sequence[str]], caption: str) -> str:
    return "\n".join(
        [
            r"\begin{table}", r"\centering", rf"\caption{{{escaped(caption)}}}", rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule", *(rf"{head} \\" for head in heads), r"\midrule",
            *(" & ".join(line) + r" \\" for line in lines), r"\bottomrule", r"\end{tabular}", r"\end{table}", "",
        ]
    )  # fmt: skip


def _value(value: Value, decimals: int) -> str:
    spread = "" if value.sd is None else rf" $\pm$ {value.sd:.{decimals}f}"
    return f"{value.mean:.{decimals}f}{spread}"
