"""Path resolution stays beneath its base, also while somebody changes the tree."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hyperhost.sandbox.interface import Err
from hyperhost.sandbox.wasi.paths import Place, beneath, join, walk


@contextmanager
def walked(base: Path, path: str, *, follow: bool = True) -> Iterator[Place]:
    fd = os.open(base, os.O_RDONLY)
    try:
        with walk(fd, str(base), path, follow=follow, visible=lambda _: True) as place:
            yield place
    finally:
        os.close(fd)


def refusal(base: Path, path: str, *, follow: bool = True) -> str:
    with pytest.raises(Err) as caught, walked(base, path, follow=follow):
        pass
    code = caught.value.value
    assert isinstance(code, str)
    return code


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "base"
    (inside / "a" / "b").mkdir(parents=True)
    (inside / "a" / "file").write_text("file")
    return inside


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".", ""),
        ("./", ""),
        ("a", "a"),
        ("a/", "a"),
        ("./a//file", "a/file"),
        ("a/b/..", "a"),
        ("a/../a/b/../file", "a/file"),
        ("a/b/../..", ""),
        ("a/new", "a/new"),
        ("new/", "new"),
    ],
)
def test_ordinary_paths(base: Path, path: str, found: str) -> None:
    with walked(base, path) as place:
        assert place.path == str(base / found)
        present = place.stat()
        assert (present is not None) == (base / found).exists()
        if present is not None:
            assert os.path.samestat(present, (base / found).stat())


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "no-entry"),
        ("/etc/passwd", "not-permitted"),
        ("/", "not-permitted"),
        ("..", "not-permitted"),
        ("../secret", "not-permitted"),
        ("../base/a", "not-permitted"),
        ("a/../../secret", "not-permitted"),
        ("a/b/../../../secret", "not-permitted"),
        ("a/fi\0le", "invalid"),
        ("x" * 5000, "name-too-long"),
        ("a/../" * 600 + "a", "name-too-long"),
        ("a/file/", "not-directory"),
        ("a/file/x", "not-directory"),
        ("a/file/.", "not-directory"),
        ("a/file/..", "not-directory"),
    ],
)
def test_refused_paths(base: Path, path: str, code: str) -> None:
    assert refusal(base, path) == code


def test_a_missing_directory_on_the_way_is_no_entry(base: Path) -> None:
    with pytest.raises(FileNotFoundError), walked(base, "none/../a"):
        pass


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("to_file", "a/file"),
        ("to_dir", "a/b"),
        ("a/b/up/file", "a/file"),
        ("a/b/up/b/up/b", "a/b"),
        ("chain", "a/b"),
        ("chain/up/file", "a/file"),
    ],
)
def test_links_that_stay_beneath_are_followed(base: Path, path: str, found: str) -> None:
    (base / "to_file").symlink_to("a/file")
    (base / "to_dir").symlink_to("a/b/")
    (base / "a" / "b" / "up").symlink_to("../../a")
    (base / "a" / "to_b").symlink_to("b")
    (base / "chain").symlink_to("a/b/up/to_b/")
    with walked(base, path) as place:
        assert place.path == str(base / found)


def test_a_last_link_is_not_followed_unless_asked_or_named_as_a_directory(base: Path) -> None:
    (base / "link").symlink_to("a")
    with walked(base, "link", follow=False) as place:
        assert place.path == str(base / "link")
    with walked(base, "link/", follow=False) as place:
        assert place.path == str(base / "a")
    with walked(base, "link/file", follow=False) as place:
        assert place.path == str(base / "a" / "file")


@pytest.mark.parametrize(
    "target", ["/etc", "../secret", "a/../../secret", "..", "/proc/self/root", "a/b/out"]
)
def test_links_that_lead_out_are_refused(base: Path, target: str) -> None:
    (base / "link").symlink_to(target)
    (base / "a" / "b" / "out").symlink_to("../../../secret")
    for path in ("link", "link/", "link/x", "a/../link"):
        assert refusal(base, path) == "not-permitted", path


def test_going_up_from_a_linked_directory_goes_to_its_real_parent(base: Path) -> None:
    (base / "deep").symlink_to("a/b")
    with walked(base, "deep/../file") as place:
        assert place.path == str(base / "a" / "file")


def test_links_in_a_circle_end(base: Path) -> None:
    (base / "x").symlink_to("y")
    (base / "y").symlink_to("x")
    assert refusal(base, "x") == "loop"
    assert refusal(base, "x/z") == "loop"


def test_a_dangling_link_leads_to_where_a_file_would_be_made(base: Path) -> None:
    (base / "link").symlink_to("a/new")
    with walked(base, "link") as place:
        assert place.path == str(base / "a" / "new")
        assert place.stat() is None


def test_nothing_invisible_is_touched(base: Path) -> None:
    fd = os.open(base, os.O_RDONLY)
    asked: list[str] = []

    def visible(path: str) -> bool:
        asked.append(path)
        return False

    try:
        for path in ("a/file", "none/file"):
            with pytest.raises(Err, match="not-permitted"):
                walk(fd, str(base), path, follow=True, visible=visible)
    finally:
        os.close(fd)
    assert asked == [str(base / "a"), str(base / "none")]


def test_swapping_a_directory_for_a_link_while_walking_never_leads_out(base: Path) -> None:
    """A second process alternates ``flip`` between a directory and a link to the outside."""
    outside = base.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (base / "real").mkdir()
    (base / "bad").symlink_to("../outside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for name in ("real", "bad"):
                (base / name).rename(base / "flip")
                (base / "flip").rename(base / name)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        reached = 0
        for _ in range(3000):
            try:
                with walked(base, "flip/secret") as place:
                    reached += 1
                    assert place.stat() is None, "reached the outside"
            except (Err, OSError):
                continue
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("path", "top", "inside"),
    [
        ("/a", "/a", True),
        ("/a/b", "/a", True),
        ("/ab", "/a", False),
        ("/", "/", True),
        ("/a", "/", True),
        ("/", "/a", False),
    ],
)
def test_beneath_compares_whole_components(path: str, top: str, inside: bool) -> None:
    assert beneath(path, top) is inside


def test_join_keeps_the_root_a_root() -> None:
    assert join("/") == "/"
    assert join("/", "a") == "/a"
    assert join("/a", "b", "c") == "/a/b/c"
