"""The semantic extraction network: which attributes an image shows, and where, learnt from labels of whole images."""
