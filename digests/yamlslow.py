"""PyYAML's parser in pure Python, in the shape of libyaml's, for builds of PyYAML that lack libyaml."""

from __future__ import annotations

from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner


class SlowParser(Reader, Scanner, Parser, Composer):
    """Reads, scans, parses and composes; the subclass resolves."""

    def __init__(self, stream: str) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
