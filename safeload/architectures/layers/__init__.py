"""The mathematics that architectures share."""
