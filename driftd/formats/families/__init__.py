"""Kinds of syntax that many programs share: a format declares in what it differs, and needs no reader of its own."""
