"""Pictures of explanations: one file each, a matplotlib figure to export and a plotly figure to touch."""
