"""What ``make bench`` prints: start, memory, ingest, commands. Run one part with ``python -m benchmarks NAME``."""
