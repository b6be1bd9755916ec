"""The hosts that `benchmarks/lab.py` measures, and what drives them."""
