"""What ``bin/bench`` measures: one module a bench, each with ``run(size, runs) -> list[Figure]``."""

# how many there are unless told otherwise: offices of the town, colleagues who are asked or looked for
BENCHES = {
    "booking": 2000,
    "broadcast": 5000,
    "crash": 2100,
    "directory": 100_000,
    "search": 2000,
    "story": 2000,
}
USUAL_RUNS = 50
