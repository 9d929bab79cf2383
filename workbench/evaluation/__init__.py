"""How good a ranking or a forecast of popularity is: metrics, protocols, and whether a difference is chance."""
