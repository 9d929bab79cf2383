"""Tables in, tensors out: the dataset folder, its checks, importers, splits and the demo world."""
