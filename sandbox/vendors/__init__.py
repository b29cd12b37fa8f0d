"""Look-alike vendor APIs, one module a vendor."""
