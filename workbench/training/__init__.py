"""The training loop, its batches, and the run folders it leaves behind."""
