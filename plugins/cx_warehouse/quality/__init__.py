"""The borders: what is expected of raw and of the marts, checked with Great Expectations; may the night pass?"""

from cx_warehouse.quality.run import run_border
from cx_warehouse.quality.suite import Check, Dataset, Night, Outcome, Suite
from cx_warehouse.quality.verdict import QualityError, Verdict

__all__ = ["Check", "Dataset", "Night", "Outcome", "QualityError", "Suite", "Verdict", "run_border"]
