"""The local chat has no length limits of its own, yet a very long digest reads better as a headline and a thread's
worth of sections. Cuts are made between blocks only."""

from __future__ import annotations

from dataclasses import replace

from bot.message import Block, Heading, Message

MOST_BLOCKS = 60
"""Blocks in one card, our own measure: about three screens."""


def split(message: Message) -> tuple[Message, ...]:
    """Cut before headings, at most :data:`MOST_BLOCKS` blocks a part; a message that fits stays whole."""
    if len(message.blocks) <= MOST_BLOCKS:
        return (message,)
    parts: list[list[Block]] = [[]]
    for group in _groups(message.blocks):
        if parts[-1] and len(parts[-1]) + len(group) > MOST_BLOCKS:
            parts.append([])
        parts[-1].extend(group)
    total = len(parts)
    return tuple(
        replace(message, blocks=tuple(blocks), summary=f"{message.summary} ({number}/{total})")
        for number, blocks in enumerate(parts, 1)
    )


def _groups(blocks: tuple[Block, ...]) -> list[list[Block]]:
    """Runs of blocks that belong together: a heading with what follows it."""
    groups: list[list[Block]] = []
    for block in blocks:
        full = bool(groups) and len(groups[-1]) >= MOST_BLOCKS
        if not groups or full or isinstance(block, Heading):
            groups.append([])
        groups[-1].append(block)
    return groups
