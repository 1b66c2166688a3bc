"""The handle table: bounded, typed, and empty when the instance ends."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from hyperhost.errors import LimitError, SandboxError
from hyperhost.sandbox.wasi.handles import (
    FileBudget,
    HandleTable,
    OpenFile,
    Resource,
    WasiState,
    close_state,
)
from hyperhost.sandbox.wasi.io import Pollable


class Door(Resource):
    noun = "door"

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_a_handle_leads_to_its_resource_until_it_is_dropped() -> None:
    table, door = HandleTable(), Door()
    handle = table.allocate(door)
    assert table.get(handle, Door) is door
    table.drop(handle)
    table.drop(handle)
    assert door.closed == 1
    with pytest.raises(SandboxError, match=f"handle {handle}, which is no open door"):
        table.get(handle, Door)


def test_a_handle_of_another_kind_is_refused() -> None:
    table = HandleTable()
    handle = table.allocate(Pollable())
    with pytest.raises(SandboxError, match="no open door"):
        table.get(handle, Door)


def test_handles_are_used_again() -> None:
    table = HandleTable()
    for _ in range(10_000):
        table.drop(table.allocate(Door()))
    assert table.allocate(Door()) == 1
    assert len(table) == 1


def test_hoarding_handles_ends_at_the_limit_and_closes_the_one_too_many() -> None:
    table = HandleTable(limit=3)
    for _ in range(3):
        table.allocate(Door())
    late = Door()
    with pytest.raises(LimitError, match="holds 3 WASI resources"):
        table.allocate(late)
    assert late.closed == 1


def test_the_end_of_the_instance_closes_everything_once() -> None:
    state: dict[str, Any] = {"wasi": WasiState(), "other": 1}
    doors = [Door(), Door()]
    for door in doors:
        state["wasi"].handles.allocate(door)
    close_state(state)
    close_state(state)
    assert [door.closed for door in doors] == [1, 1]
    assert state == {"other": 1}


def test_a_file_is_closed_by_its_last_user(tmp_path: Path) -> None:
    budget = FileBudget(limit=1)
    file = OpenFile.open(budget, str(tmp_path), os.O_RDONLY)
    again = file.share()
    file.release()
    os.fstat(again.fd)
    assert budget.used == 1
    again.release()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(again.fd)
    assert budget.used == 0


def test_file_descriptors_are_counted(tmp_path: Path) -> None:
    budget = FileBudget(limit=1)
    with pytest.raises(FileNotFoundError):
        OpenFile.open(budget, str(tmp_path / "none"), os.O_RDONLY)
    file = OpenFile.open(budget, str(tmp_path), os.O_RDONLY)
    with pytest.raises(OSError, match="1 open files") as caught:
        OpenFile.open(budget, str(tmp_path), os.O_RDONLY)
    assert caught.value.errno == errno.EMFILE
    file.release()
