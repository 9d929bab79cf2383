"""From a trained model to explanations: evidence removed, sentences, verdicts, populations."""
