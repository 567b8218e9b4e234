"""What several benchmarks read and make: shared cases, crops of LIDC, insertion test sets."""
