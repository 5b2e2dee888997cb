"""Baselines that ship with driftd, and what is known about `/etc`: data files, and how to find them."""
