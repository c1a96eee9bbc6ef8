"""safeload."""
