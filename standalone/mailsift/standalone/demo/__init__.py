"""The demonstration: a list and a small, invented internet of mail domains that shows every verdict."""
