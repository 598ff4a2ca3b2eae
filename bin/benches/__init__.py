"""What ``bin/bench`` measures: one module a bench, each with ``run(size, runs) -> list[Figure]``."""

# how many there are unless told otherwise: offices of the town, colleagues who are asked
BENCHES = {"booking": 2000, "broadcast": 5000, "crash": 2100, "search": 2000}
USUAL_RUNS = 50
