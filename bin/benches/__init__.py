"""What ``bin/bench`` measures: one module a bench, each with ``run(size, runs) -> list[Figure]``."""

BENCHES = ("booking", "search")
USUAL_SIZE = 2000  # offices
USUAL_RUNS = 50
