"""The demo world: drawn pictures with a planted social life."""
