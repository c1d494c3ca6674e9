"""Build what browsers load: `python -I healthberry/local/assets.py`, with the standard library alone.

Installs the packages of `package-lock.json` with npm, compiles `static/src/app.scss`, and puts everything into
`static/dist/` under names that hold a hash of the content, so that browsers may keep it for ever.
`static/dist/manifest.json` leads from the plain name to that name: {"app.css": "app.0f3a….css", …}.
A second call with the same inputs does nothing.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "node_modules"
SOURCES = ROOT / "healthberry" / "static" / "src"
BUILT = ROOT / "healthberry" / "static" / "dist"
OLDEST_NODE = 18
# Plain name -> file of an npm package.
COPIED = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "hx-sse.js": "htmx.org/dist/ext/hx-sse.min.js",
    "hx-csp.js": "htmx.org/dist/ext/hx-csp.min.js",
    "hx-preload.js": "htmx.org/dist/ext/hx-preload.min.js",
    "nhsuk-frontend.js": "nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.js",
}


def main() -> None:
    """Bring packages and built files up to date; exit with a sentence when a program fails."""
    (ROOT / "var").mkdir(mode=0o700, exist_ok=True)
    with (ROOT / "var" / "assets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        programs = dict(os.environ)
        wanted = _digest(ROOT / "package.json", ROOT / "package-lock.json")
        if _stamp(PACKAGES) != wanted:
            programs["PATH"] = _path_with_node()
            _run(["npm", "ci"], programs)
            (PACKAGES / ".stamp").write_text(wanted)
        inputs = _digest(Path(__file__), PACKAGES / ".stamp", *sorted(_sources()))
        if _stamp(BUILT) != inputs:
            programs["PATH"] = _path_with_node()
            _build(programs)
            (BUILT / ".stamp").write_text(inputs)


def _path_with_node() -> str:
    """Give a PATH that leads to Node 18 or newer with npm: the machine's own, else one installed beside Python."""
    path = os.environ.get("PATH", os.defpath)
    if _node_version(path) >= OLDEST_NODE and shutil.which("npm", path=path):
        return path
    beside = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    if _node_version(beside) < OLDEST_NODE:
        print("No Node on this machine: installing one into the virtual environment")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
        _run([*pip, str(ROOT / "requirements-node.txt")], dict(os.environ))
    return beside


def _node_version(path: str) -> int:
    node = shutil.which("node", path=path)
    if node is None:
        return 0
    answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def _build(programs: dict[str, str]) -> None:
    BUILT.mkdir(parents=True, exist_ok=True)
    manifest = {plain: _place(plain, content) for plain, content in _contents(programs)}
    unfinished = BUILT / "manifest.new"
    unfinished.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    unfinished.rename(BUILT / "manifest.json")
    kept = {*manifest.values(), "manifest.json"}
    for file in BUILT.rglob("*"):
        if file.is_file() and file.relative_to(BUILT).as_posix() not in kept:
            file.unlink()


def _contents(programs: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield every plain name with its bytes."""
    for sheet in sorted(SOURCES.glob("[!_]*.scss")):
        yield f"{sheet.stem}.css", _compiled(sheet, programs)
    for plain, file in COPIED.items():
        yield plain, (PACKAGES / file).read_bytes()
    for icon in _icons():
        drawing = PACKAGES / "lucide-static" / "icons" / f"{icon}.svg"
        if not drawing.exists():
            sys.exit(f"icons.txt names {icon!r}, which lucide-static does not have")
        yield f"icons/{icon}.svg", drawing.read_bytes()
    for source in sorted(_sources()):
        if source.suffix != ".scss" and source != SOURCES / "icons.txt":
            yield source.relative_to(SOURCES).as_posix(), source.read_bytes()


def _compiled(sheet: Path, programs: dict[str, str]) -> bytes:
    options = ["--style=compressed", "--no-source-map", "--quiet-deps", f"--load-path={PACKAGES}"]
    return _run(["node", str(PACKAGES / "sass" / "sass.js"), *options, str(sheet)], programs)


def _icons() -> list[str]:
    """Read the names of the icons in use: one a line, `#` begins a comment."""
    listed = SOURCES / "icons.txt"
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [line.partition("#")[0].strip() for line in lines]
    return [name for name in names if name]


def _sources() -> Iterator[Path]:
    return (file for file in SOURCES.rglob("*") if file.is_file() and not file.name.startswith("."))


def _place(plain: str, content: bytes) -> str:
    name = Path(plain)
    hashed = name.with_name(f"{name.stem}.{hashlib.sha256(content).hexdigest()[:12]}{name.suffix}")
    target = BUILT / hashed
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return hashed.as_posix()


def _digest(*files: Path) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(os.fsencode(file.relative_to(ROOT)) + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def _stamp(folder: Path) -> str:
    stamp = folder / ".stamp"
    return stamp.read_text() if stamp.exists() else ""


def _run(command: list[str], environment: dict[str, str]) -> bytes:
    program = shutil.which(command[0], path=environment.get("PATH")) or command[0]
    done = subprocess.run([program, *command[1:]], check=False, capture_output=True, cwd=ROOT, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command[:2])} failed:\n{done.stderr.decode(errors='replace').strip()}")
    return done.stdout


if __name__ == "__main__":
    main()
