"""The night's build: claimed once, frozen, run by dbt, and recorded node by node."""
