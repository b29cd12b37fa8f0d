"""Fuzzing: records and bodies broken at random. Each record lands or is quarantined; a broken body is a clear error."""
