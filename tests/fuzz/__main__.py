"""``make fuzz``: every target for its share of the time, by hypothesis and by atheris.

``python -m tests.fuzz --seconds 120 [--target feed]``. The first input that breaks a target is printed (and kept in
``.fuzz/``), and the run ends with status 1. Make it a case of ``tests/attacks`` before mending.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import subprocess
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import targets
from tests.fuzz.seeds import SEEDS, TOKENS
from tests.strategies import messages

KEPT = Path(".fuzz")
BATCH = 100
"""Examples between two looks at the clock."""
MOST_BYTES = 8_192
"""Of one input of atheris: small ones are tried more often."""


def main() -> int:
    given_ = _arguments()
    chosen = [given_.target] if given_.target else list(targets.EVERY)
    by_coverage = [name for name in chosen if name in targets.BYTES and _has_atheris()]
    share = given_.seconds / (len(chosen) + len(by_coverage))
    for name in chosen:
        _by_values(name, share, given_.seed)
    return max([_by_coverage(name, share) for name in by_coverage], default=0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=120.0, help="for all targets together")
    parser.add_argument("--target", choices=targets.EVERY, help="only this one")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="of hypothesis, to repeat a run")
    return parser.parse_args()


def _has_atheris() -> bool:
    if importlib.util.find_spec("atheris") is not None:
        return True
    print("atheris is not here (it has wheels for Linux on x86-64 only): hypothesis does all of it")
    return False


def values(name: str) -> st.SearchStrategy[bytes]:
    """Bytes that look like what the target expects: examples cut, joined and mixed with tokens and noise."""
    pieces = st.one_of(
        st.sampled_from(TOKENS[name]).map(str.encode),
        st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace")),
        st.binary(max_size=6),
    )
    whole = st.sampled_from(SEEDS[name])
    cut = st.tuples(whole, st.integers(0, 4_000), st.integers(0, 4_000)).map(lambda cut: cut[0][cut[1] : cut[2]])
    mixed = st.tuples(whole, st.integers(0, 4_000), st.lists(pieces, max_size=6)).map(
        lambda mix: mix[0][: mix[1]] + b"".join(mix[2]) + mix[0][mix[1] :]
    )
    return st.one_of(st.lists(st.one_of(pieces, cut), max_size=12).map(b"".join), mixed)


def check(name: str, examples: int, number: int) -> None:
    """Run a target with so many examples. Raises what the target raises, with the smallest input in its notes."""
    strategy: st.SearchStrategy[object] = messages() if name == "message" else values(name)
    target = targets.message if name == "message" else targets.BYTES[name]

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(value: object) -> None:
        target(value)  # type: ignore[arg-type]

    run()


def _by_values(name: str, seconds: float, number: int) -> None:
    until, count = time.monotonic() + seconds, 0
    for batch in itertools.count():
        if time.monotonic() >= until:
            break
        try:
            check(name, BATCH, number + batch)
        except Exception:
            print(f"{name}: broken by hypothesis with --seed {number + batch}")
            raise
        count += BATCH
    print(f"{name}: {count:,} examples by hypothesis, nothing found (seed {number})", flush=True)


def _by_coverage(name: str, seconds: float) -> int:
    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for place, example in enumerate(SEEDS[name]):
        (corpus / f"seed-{place}").write_bytes(example)
    words = KEPT / f"{name}.dict"
    words.write_text("".join(f'"{_quoted(token)}"\n' for token in TOKENS[name]), encoding="ascii")
    limits = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-max_len={MOST_BYTES}",
        "-timeout=20",
        "-rss_limit_mb=2048",
    ]
    kept = [f"-dict={words}", f"-artifact_prefix={KEPT}/{name}-", "-verbosity=0", "-print_final_stats=1"]
    done = subprocess.run([sys.executable, "-m", "tests.fuzz.coverage", name, *limits, *kept, str(corpus)], check=False,
                          capture_output=True, text=True, errors="replace")  # fmt: skip
    if done.returncode:
        print(f"{name}: broken by atheris; the input is kept in {KEPT}/\n{done.stdout[-2_000:]}{done.stderr[-6_000:]}")
        return 1
    runs = next((row.split()[-1] for row in done.stderr.splitlines() if "number_of_executed_units" in row), "?")
    print(f"{name}: {runs} runs by atheris, nothing found", flush=True)
    return 0


def _quoted(token: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token.encode())


if __name__ == "__main__":
    sys.exit(main())
