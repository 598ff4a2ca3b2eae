"""What ``bin/bench`` measures: one module a bench, each with ``run(size) -> list[Figure]``."""

BENCHES = ("booking", "search")
USUAL_SIZE = 2000
