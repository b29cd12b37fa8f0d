"""Proof that the tests can fail: each mutation takes one fix out of the package, and the tests it names must go red."""
