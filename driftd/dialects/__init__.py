"""Dialects: what a program means by its settings. One data file each; a reader adds one without knowing Python."""
