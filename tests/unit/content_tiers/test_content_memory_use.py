"""However large a content is, memory is not: 200 MB through files, and through a bucket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SIZE = 200 << 20
GROWTH_MAX = 80 << 20
"""A piece of 4 MiB, a few of its copies, and parts of 8 MiB on their way into a bucket."""

PROGRAM = """
import hashlib, json, resource, sys, tracemalloc
sys.path[:0] = {paths!r}
from pathlib import Path
from content_hosts import content_host

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

with content_host(Path({home!r}), **{settings!r}) as host:
    hook = host.hook
    def through(count):
        upload = hook.content_open(algorithm="sha256")
        for number in range(count):
            hook.content_append(upload=upload, data=number.to_bytes(4, "big") * (1 << 20))
        info = hook.content_commit(upload=upload, expected_hash="")
        found = hashlib.sha256()
        for number in range(count):
            found.update(hook.content_read(content_hash=info.hash, offset=number << 22, length=1 << 22))
        assert info.hash == "sha256:" + found.hexdigest()
        return info
    through(3)  # what is imported and made once
    before = peak()
    info = through({size} >> 22)
    grown = peak() - before
    tracemalloc.start()
    through(2 + ({size} >> 23))
    print(json.dumps([info.size, info.uri.partition(":")[0], grown, tracemalloc.get_traced_memory()[1]]))
"""


@pytest.mark.parametrize("tier", ["files", "s3"])
def test_memory_does_not_grow_with_the_content(
    tmp_path: Path, tier: str, request: pytest.FixtureRequest
) -> None:
    settings = request.getfixturevalue("server").settings(timeout_s=60) if tier == "s3" else {}
    import json

    root = Path(__file__).parents[3]
    paths = [str(root), str(root / "tests/support")]
    program = PROGRAM.format(paths=paths, home=str(tmp_path / "home"), settings=settings, size=SIZE)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    size, scheme, grown, traced = json.loads(done.stdout)
    assert (size, scheme) == (SIZE, tier)
    assert grown < GROWTH_MAX, f"{grown >> 20} MiB"
    assert traced < GROWTH_MAX, f"{traced >> 20} MiB"
