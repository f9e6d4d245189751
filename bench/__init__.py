"""Numbers, measured: Gatepost beside its rivals on the machine at hand, all in one run.

`python -m bench` from the repository's root. Nothing here is part of the product and nothing here
is a test; `bench/README.md` says how each number is taken and what cannot be compared.
"""
