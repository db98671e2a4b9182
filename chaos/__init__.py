"""``make chaos``: the real bot against both fakes, killed and cut off at every turn, and what came of it."""
