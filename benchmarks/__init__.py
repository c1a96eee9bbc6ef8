"""The claims of the README as programs: one file per claim, each paired with a peer in the same run."""
