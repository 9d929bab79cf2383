"""Topics of what was liked, learned slice by slice of time: what they are, and how they are found."""

from workbench.features.topics.fitting import fit_topics
from workbench.features.topics.kept import TOPICS, Topics, TopicsCard, slice_of

__all__ = ["TOPICS", "Topics", "TopicsCard", "fit_topics", "slice_of"]
