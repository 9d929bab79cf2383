"""Views that can be kept: what they show as pictures, collections of them, and files to take away."""
