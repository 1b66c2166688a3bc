"""Build the template engines that run as sandboxed components, the same files every time.

    python sdk/template_engines/build.py            # write builtin_plugins/templates/engines/*.hhp
    python sdk/template_engines/build.py --check    # rebuild and compare, write nothing

Each engine is a JavaScript library from npm and a page of code (``NAME/plugin.js``) that answers the
hook ``template_render`` with it. The library is copied into one module; nothing of it is changed. Its
licence travels in the package. Node.js and npm are needed; ``NAME/package.json`` names exact versions.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = ROOT / "builtin_plugins" / "templates" / "engines"
sys.path.insert(0, str(ROOT))  # a checkout builds its own engines

# The file of each package that has the whole library in it, and whether it is an ES module already.
LIBRARIES = {
    "ejs": ("ejs.min.js", False),
    "eta": ("dist/core.js", True),
    "handlebars": ("dist/handlebars.min.js", False),
}
_BEFORE = "const module = { exports: {} };\n(function (module, exports, require, define) {\n"
_AFTER = "\n}).call({}, module, module.exports);\nexport default module.exports;\n"


class EngineError(Exception):
    """An engine cannot be built; the text says why."""


def install(names: list[str], place: Path) -> Path:
    """Install what engines are made of and with; the ``node_modules`` it is in.

    Raises:
        EngineError: npm is missing, or cannot install it.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise EngineError("npm is not installed; install Node.js 20 or later")
    wanted = sorted(
        {
            f"{name}@{version}"
            for each in names
            for name, version in json.loads(HERE.joinpath(each, "package.json").read_text(encoding="utf-8"))[
                "devDependencies"
            ].items()
        }
    )
    done = subprocess.run(  # noqa: S603 - npm, with names of this folder
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(place), *wanted],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"npm cannot install {', '.join(wanted)}: {done.stderr.strip()[-500:]}")
    return place / "node_modules"


def stage(name: str, modules: Path, place: Path) -> None:
    """Lay out the project of one engine: its sources, the library as one module, licences."""
    shutil.copytree(HERE / name, place, ignore=shutil.ignore_patterns(".*", "node_modules"))
    shutil.copy(HERE / "rendered.js", place)
    shutil.copy(ROOT / "LICENSE", place)
    shutil.copy(modules / name / "LICENSE", place / f"LICENSE-{name}")
    file, is_module = LIBRARIES[name]
    text = (modules / name / file).read_text(encoding="utf-8")
    whole = text if is_module else f"{_BEFORE}{text}{_AFTER}"
    (place / "library.js").write_text(whole, encoding="utf-8", newline="\n")
    (place / "node_modules").symlink_to(modules, target_is_directory=True)


def build(name: str, modules: Path, out: Path) -> Path:
    """Build and pack one engine; the packed file in ``out``."""
    from hyperhost.host.packing import pack
    from hyperhost.sdk.build import build as build_plugin

    project = out / "projects" / name
    project.parent.mkdir(parents=True, exist_ok=True)
    stage(name, modules, project)
    home = out / "home"  # of its own, so that no machine's compile cache takes part
    home.mkdir(exist_ok=True)
    build_plugin(project, home=home)
    path = out / f"{name}.hhp"
    pack(project, path, compressed=True)
    return path


def main(arguments: list[str] | None = None) -> int:
    """Write or compare; 0 when all is well, 1 when something differs or cannot be built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="ejs, eta, handlebars; all when not given")
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    parser.add_argument("--modules", type=Path, help="a node_modules that has the packages already")
    given = parser.parse_args(arguments)
    names = given.names or sorted(LIBRARIES)
    if unknown := set(names) - set(LIBRARIES):
        parser.error(f"no engine {', '.join(sorted(unknown))}")
    good = True
    with tempfile.TemporaryDirectory(prefix="template-engines-") as scratch:
        try:
            modules = given.modules.resolve() if given.modules else install(names, Path(scratch))
            for name in names:
                good = _one(name, build(name, modules, Path(scratch)), given.check) and good
        except EngineError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0 if good else 1


def _one(name: str, made: Path, check: bool) -> bool:
    from hyperhost.host.package import open_package

    target = TARGET / made.name
    # Compressed bytes differ between versions of zlib; the digest is that of the files in the package.
    same = target.is_file() and open_package(target).digest == open_package(made).digest
    if check:
        sys.stdout.write(f"{name}: {'the same' if same else 'differs'}\n")
        return same
    if not same:
        TARGET.mkdir(parents=True, exist_ok=True)
        beside = target.with_suffix(".part")
        shutil.copyfile(made, beside)
        beside.replace(target)
    sys.stdout.write(f"{name}: {made.stat().st_size:,} bytes{'' if same else ', written'}\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
