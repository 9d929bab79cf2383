"""How good a ranking is: metrics, protocols, and whether a difference is more than chance."""
