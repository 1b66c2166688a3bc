"""The files that the demo looks at: the same every time, bounded, and nothing that could block it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from hyperhost.demo import corpus
from hyperhost.demo.corpus import installed, package_roots, planted_text, standard_library


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("b/one.py", "b/two.py", "b/deep/three.py", "a/one.py", "c.py", "a/two.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {name}\n")
    return tmp_path


def paths(root: Path, **bounds: int) -> list[str]:
    return [source.path for source in installed([root], **bounds)]


def test_packages_take_turns_so_that_a_sample_holds_something_of_each(root: Path) -> None:
    assert paths(root) == ["a/one.py", "b/one.py", "c.py", "a/two.py", "b/two.py", "b/deep/three.py"]
    assert paths(root, max_files=3) == ["a/one.py", "b/one.py", "c.py"]


def test_a_source_knows_its_package_text_and_size(root: Path) -> None:
    (root / "c.py").write_text("# é\n", encoding="utf-8")
    source = next(item for item in installed([root]) if item.path == "c.py")
    assert (source.package, source.text, source.size) == ("c", "# é\n", 5)


def test_the_sample_ends_before_it_holds_too_many_bytes(root: Path) -> None:
    sizes = [source.size for source in installed([root])]
    taken = [source.size for source in installed([root], max_bytes=sum(sizes) - 1)]
    assert taken == sizes[:-1]


def test_roots_are_used_one_after_the_other(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "z.py").write_text("z = 1\n")
    assert [source.path for source in installed([other, root], max_files=2)] == ["z.py", "a/one.py"]


def test_a_root_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert paths(tmp_path / "none") == []


def test_files_that_are_no_utf_8_large_empty_or_no_source_are_passed_over(root: Path) -> None:
    (root / "a" / "one.py").write_bytes(b"# caf\xe9\n")
    (root / "a" / "two.py").write_bytes(b"#" * 100_001)
    (root / "b" / "one.py").write_bytes(b"")
    (root / "b" / "two.so").write_bytes(b"x = 1")
    assert paths(root) == ["c.py", "b/two.py", "b/deep/three.py"]


def test_a_pipe_or_a_link_named_like_a_source_does_not_block_or_lead_elsewhere(root: Path) -> None:
    os.mkfifo(root / "b" / "pipe.py")
    (root / "b" / "link.py").symlink_to(root / "c.py")
    (root / "b" / "loop").symlink_to(root / "b")
    assert sorted(paths(root)) == ["a/one.py", "a/two.py", "b/deep/three.py", "b/one.py", "b/two.py", "c.py"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_passed_over(root: Path) -> None:
    (root / "c.py").chmod(0)
    assert "c.py" not in paths(root)


def test_tests_compiled_files_and_hyperhost_itself_are_left_out(root: Path) -> None:
    for name in ("b/tests/x.py", "b/__pycache__/x.py", "tests/x.py", "b.dist-info/x.py", "hyperhost/x.py"):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x = 1\n")
    assert len(paths(root)) == 6


def test_only_as_much_is_read_as_is_asked_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    original = corpus._read

    def noting(root: Path, package: str, path: Path) -> corpus.Source | None:
        read.append(path)
        return original(root, package, path)

    monkeypatch.setattr(corpus, "_read", noting)
    next(installed([root]))
    assert len(read) == 1


def test_this_machine_has_packages_and_a_library() -> None:
    first = [source.path for source in installed([*package_roots(), *standard_library()], max_files=50)]
    assert len(first) == 50
    assert first == [s.path for s in installed([*package_roots(), *standard_library()], max_files=50)]


def test_the_planted_secrets_are_the_same_every_time_and_nowhere_in_the_source() -> None:
    text = planted_text()
    assert text == planted_text()
    compile(text, "planted", "exec")
    assert re.search(r'"AKIA[A-Z2-7]{16}"', text)
    assert re.search(r'"ghp_[A-Za-z0-9]{36}"', text)
    source = Path(corpus.__file__).read_text(encoding="utf-8")
    assert not re.search(r"AKIA|ghp_", source)
