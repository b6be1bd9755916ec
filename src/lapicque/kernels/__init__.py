"""The numerics, by topic: scalar functions of floats and flat sequences.

Everything here is written in one dialect (floats, ``x[k]``, ``len``, ``math``, loops, status by
return value), so that the same source runs interpreted, in the browser and compiled.
"""
