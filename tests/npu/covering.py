"""Covering arrays: few rows in which every combination of values of any t factors occurs (greedy, seeded).

R. C. Bryce and C. J. Colbourn, "A density-based greedy algorithm for higher strength covering arrays", 2009, describes the
family of methods; this is its simplest member."""
import itertools
import random

CANDIDATES = 60


def covering_array(factors, strength, seed, allowed=lambda row: True):
    """Rows (dicts) over `factors` (name: values). Combinations that no allowed row has are left out."""
    generator = random.Random(seed)
    names = list(factors)
    missing = {tuple(zip(chosen, values)) for chosen in itertools.combinations(names, strength)
               for values in itertools.product(*(factors[name] for name in chosen))}
    rows = []
    while missing:
        wanted = generator.choice(sorted(missing, key=repr))
        candidates = [row for row in (_complete(factors, dict(wanted), generator) for _ in range(CANDIDATES)) if allowed(row)]
        if not candidates:
            missing.discard(wanted)  # the constraints forbid it, as far as sixty tries can tell
            continue
        best = max(candidates, key=lambda row: len(missing & _combinations(row, names, strength)))
        missing -= _combinations(best, names, strength)
        rows.append(best)
    return rows


def _complete(factors, fixed, generator):
    return {name: fixed[name] if name in fixed else generator.choice(values) for name, values in factors.items()}


def _combinations(row, names, strength):
    return {tuple((name, row[name]) for name in chosen) for chosen in itertools.combinations(names, strength)}
