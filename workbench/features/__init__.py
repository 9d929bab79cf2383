"""What images look like to a model: encoders and the arrays they leave beside a dataset."""
