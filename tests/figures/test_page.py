from __future__ import annotations

import plotly.graph_objects as go
import pytest

from workbench.figures.page import Sheet


def test_a_sheet_draws_what_plotly_draws_one_by_one():
    sheet, plotly = Sheet(), go.Figure()
    for figure in (sheet, plotly):
        figure.update_layout(height=300, font={"size": 12, "color": "#112233"})
        figure.update_layout({"xaxis2": {"domain": [0, 0.5], "anchor": "y2"}, "yaxis2": {"anchor": "x2"}})
        figure.add_trace(go.Scatter(x=[1, 2], y=[3, 4], xaxis="x2", yaxis="y2", name="first"))
        figure.update_layout({"xaxis2": {"range": [0, 3]}}, font={"size": 13})
        figure.add_annotation(x=1, y=2, text="one", xref="x2", yref="y2", showarrow=False)
        figure.add_shape(type="rect", x0=0, x1=1, y0=0, y1=1, line={"width": 2})
        figure.add_annotation(x=2, y=2, text="two", xref="paper", yref="paper")
        figure.add_shape(type="line", x0=0, x1=1, y0=0, y1=1)
        figure.add_layout_image(source="data:image/png;base64,AA==", x=0, y=1, sizex=1, sizey=1, xref="x2", yref="y2")
        figure.data[-1].update(mode="markers")
    assert sheet.drawn() == plotly


def test_a_sheet_refuses_a_setting_plotly_does_not_know():
    sheet = Sheet()
    sheet.add_annotation(x=1, y=2, text="one", shwarrow=False)
    with pytest.raises(ValueError, match="shwarrow"):
        sheet.drawn()
