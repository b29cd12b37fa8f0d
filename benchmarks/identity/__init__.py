"""What the identity benchmarks share."""
