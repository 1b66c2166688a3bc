"""``hyperhost.write_outputs``: all of it or nothing, and only below the folder."""

from __future__ import annotations

import os

import pytest

import hyperhost
from hyperhost.contracts.outputs import GeneratedOutput, OutputKind
from hyperhost.errors import OutputFileError

FILES = [
    GeneratedOutput("src/app.py", text="é\r\n", mode="0755"),
    {"path": "README.md", "text": "hello\n"},
    GeneratedOutput("data", OutputKind.DIRECTORY, "0700"),
    {"path": "org.acme/x@1.0.0", "kind": "artifact", "text": "{}"},
]


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("there", [False, True])
def test_files_and_folders_are_written_with_their_modes(tmp_path, there):
    target = tmp_path / "out"
    if there:
        target.mkdir()
    written = hyperhost.write_outputs(target, FILES)
    assert written == [target / "src/app.py", target / "README.md", target / "data"]
    assert (target / "src/app.py").read_bytes() == "é\r\n".encode()
    modes = [path.stat().st_mode & 0o777 for path in written]
    assert modes == [0o755, 0o644, 0o700]
    assert everything(tmp_path) == ["out", "out/README.md", "out/data", "out/src", "out/src/app.py"]


def test_a_file_that_is_there_stays_and_nothing_is_written(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(OutputFileError, match=r"'README\.md' is there already") as caught:
        hyperhost.write_outputs(tmp_path, FILES)
    assert "nothing was written" in caught.value.hint
    assert everything(tmp_path) == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_files_are_replaced_when_asked_and_come_back_when_something_fails(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "z").mkdir()
    with pytest.raises(OutputFileError, match="'z' is there and is no file"):
        hyperhost.write_outputs(tmp_path, [*FILES, {"path": "z", "text": ""}], replace=True)
    assert everything(tmp_path) == ["README.md", "z"]
    assert (tmp_path / "README.md").read_text() == "mine"
    hyperhost.write_outputs(tmp_path, FILES, replace=True)
    assert (tmp_path / "README.md").read_text() == "hello\n"


@pytest.mark.parametrize("replace", [False, True])
def test_no_link_is_followed(tmp_path, replace):
    outside, target = tmp_path / "outside", tmp_path / "target"
    outside.mkdir()
    target.mkdir()
    (outside / "file").write_text("theirs")
    (target / "src").symlink_to(outside)
    (target / "README.md").symlink_to(outside / "file")
    for wanted in (FILES[:1], FILES[1:2]):
        with pytest.raises(OutputFileError, match=r"is a link|is no file"):
            hyperhost.write_outputs(target, wanted, replace=replace)
    assert everything(outside) == ["file"]
    assert (outside / "file").read_text() == "theirs"
    assert everything(target) == ["README.md", "src"]


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is refused to root")
def test_a_folder_that_may_not_be_written_to_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputFileError, match="cannot be written"):
        hyperhost.write_outputs(tmp_path / "out", FILES)


def test_what_is_above_the_folder_is_not_made(tmp_path):
    with pytest.raises(OutputFileError, match="cannot be written: No such file or directory"):
        hyperhost.write_outputs(tmp_path / "a" / "b", FILES)
    assert everything(tmp_path) == []


def test_what_is_no_output_is_refused(tmp_path):
    with pytest.raises(OutputFileError, match="this is no output of a template: pat"):
        hyperhost.write_outputs(tmp_path / "out", [{"pat": "x"}])


BAD = [
    "",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a/./b",
    "a//b",
    "a/",
    "a\\..\\b",
    "C:/x",
    "c:x",
    "nul",
    "a/COM1.txt",
    "con.tar.gz",
    "a\0b",
    "a\nb",
    "a\u202eb",
    "a.",
    "a ",
    " a",
    "a?",
    "x" * 256,
    "x/" * 600 + "x",
    "a\ud800",
]


@pytest.mark.parametrize("path", BAD)
def test_paths_that_lead_elsewhere_are_refused(tmp_path, path):
    with pytest.raises(OutputFileError, match="is refused"):
        hyperhost.write_outputs(tmp_path / "out", [GeneratedOutput("good"), GeneratedOutput(path)])
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    "paths", [("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "a"), ("é", "e\u0301"), ("straße", "STRASSE")]
)
def test_two_outputs_are_never_one_file(tmp_path, paths):
    with pytest.raises(OutputFileError, match=r"it is there twice|it is below a file"):
        hyperhost.write_outputs(tmp_path / "out", [GeneratedOutput(path) for path in paths])
    assert everything(tmp_path) == []


@pytest.mark.parametrize("mode", ["4755", "0o7", "rwx", "", "07777"])
def test_modes_are_those_of_owner_group_and_others(tmp_path, mode):
    with pytest.raises(OutputFileError, match="is no unix mode"):
        hyperhost.write_outputs(tmp_path / "out", [GeneratedOutput("a", mode=mode)])


@pytest.mark.parametrize("is_there", [True, False])
def test_what_follows_fails_and_everything_is_taken_back(tmp_path, is_there):
    folder = tmp_path / "out"
    if is_there:
        folder.mkdir()
        (folder / "old").write_text("old")
    seen = []

    def fails():
        seen.extend(path.name for path in folder.iterdir() if not path.name.startswith("."))
        raise ValueError("no")

    outputs = [GeneratedOutput("old", text="new"), GeneratedOutput("deep/new", text="x")]
    with pytest.raises(ValueError, match="no"):
        hyperhost.write_outputs(folder, outputs, replace=True, then=fails)
    assert sorted(seen) == ["deep", "old"], "it was called before everything was in place"
    assert [path.name for path in tmp_path.rglob("*")] == (["out", "old"] if is_there else [])
    if is_there:
        assert (folder / "old").read_text() == "old"
