"""Placeholder docstring, written by the owner of this package."""
