"""A made company with known truth, served through look-alike vendor APIs."""
