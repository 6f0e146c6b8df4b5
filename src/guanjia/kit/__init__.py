"""Tools without a business word, one concern a file (ARCHITECTURE.md, "kit")."""
