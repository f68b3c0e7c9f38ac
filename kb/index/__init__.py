"""The catalog (the truth), the indexes that are derived from it, and retrieval over both."""
