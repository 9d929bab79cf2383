"""What models share: evidence and its gates, attention over ragged sets."""
