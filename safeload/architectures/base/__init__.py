"""The frame that every architecture stands in: Config, Model, outputs, losses, the table's record."""
