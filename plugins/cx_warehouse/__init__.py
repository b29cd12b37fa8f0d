"""The CX warehouse: connectors, landing, quality, publishing and their orchestration."""
