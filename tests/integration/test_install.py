# SPDX-License-Identifier: Apache-2.0
"""What make install puts where, that grove works with nothing else, and make uninstall."""

import json
import os
import pathlib
import subprocess

import pytest
from conftest import BINARY, ROOT, find_assets

BUILD = pathlib.Path(BINARY).resolve().parent
PLACES = ["bin/grove", "include/grove/grove.h", "include/grove/error.h", "share/man/man1/grove.1",
          "share/bash-completion/completions/grove", "share/zsh/site-functions/_grove",
          "share/fish/vendor_completions.d/grove.fish", "share/doc/grove/README.md",
          "share/doc/grove/LICENSE", "share/doc/grove/docs/cli.md",
          "share/doc/grove/examples/search.c"]


def make(*targets, **variables):
    """Without what builds: the build is there."""
    done = subprocess.run(
        ["make", "-s", "-o", "all", *targets, f"BUILD={BUILD}",
         *(f"{name}={value}" for name, value in variables.items())],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(top):
    return {path.relative_to(top).as_posix() for path in top.rglob("*") if not path.is_dir()}


def configured_prefix():
    options = (BUILD / ".options").read_text().splitlines() \
        if (BUILD / ".options").exists() else []
    return options[options.index("--prefix") + 1] if "--prefix" in options else "/usr/local"


@pytest.fixture
def staged(tmp_path):
    """(DESTDIR, PREFIX, the folder that both make), with somebody else's file in it."""
    prefix = configured_prefix()
    top = pathlib.Path(f"{tmp_path}{prefix}")
    (top / "bin").mkdir(parents=True)
    (top / "bin" / "other").write_text("somebody else's")
    return tmp_path, prefix, top


def test_install_and_uninstall(staged):
    folder, prefix, top = staged
    make("install", DESTDIR=folder, PREFIX=prefix, ASSETS="no")
    there = files(top)
    assert {place for place in PLACES if place not in there} == set()
    assert {path.relative_to(folder).parts[0] for path in folder.rglob("*")} == {
        pathlib.Path(prefix).parts[1]}
    for made, arguments in (("share/man/man1/grove.1", ["help", "--man"]),
                            ("share/zsh/site-functions/_grove", ["completion", "zsh"])):
        shown = subprocess.run([BINARY, *arguments], capture_output=True, check=True).stdout
        assert (top / made).read_bytes() == shown
    docs = {path.name for path in (ROOT / "docs").iterdir()} - {"meson.build"}
    assert {path.name for path in (top / "share/doc/grove/docs").iterdir()} == docs
    make("uninstall", DESTDIR=folder, PREFIX=prefix)
    assert files(top) == {"bin/other"}
    assert not (top / "share" / "doc" / "grove").exists()
    assert not (top / "include" / "grove").exists()


def test_installed_assets_are_enough(tmp_path):
    """They are whole, are not copied twice, and grove runs with them alone."""
    folder = tmp_path / "share" / "grove" / "assets"
    subprocess.run([ROOT / "tools" / "install-assets", folder], check=True)
    assert sorted(path.name for path in folder.iterdir()) == ["model", "postgres", "qdrant-edge"]
    assert not list(folder.rglob("*.pack"))
    before = {path: path.stat().st_ino for path in folder.rglob("*")}
    subprocess.run([ROOT / "tools" / "install-assets", folder], check=True)
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == before
    assert find_assets().exists()
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("DATABASE_URL", "QDRANT_URL")}
    environment |= {"GROVE_ASSETS": str(folder), "XDG_CACHE_HOME": str(tmp_path),
                    "GROVE_HOME": str(tmp_path / "home")}
    vector = subprocess.run([BINARY, "embed", "grace"], env=environment, capture_output=True,
                            text=True, timeout=120, check=True).stdout
    assert len(vector.split()) == 384


def can_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="no right to mount")
def test_what_is_installed_uses_its_own_assets(staged):
    """The builder's cache is there, too, and is what a build uses."""
    folder, prefix, top = staged
    if not pathlib.Path(prefix).is_dir():
        pytest.skip(f"{prefix} is not there")
    make("install", DESTDIR=folder, PREFIX=prefix, ASSETS="no")
    own = top / "share" / "grove" / "assets"
    own.mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if name != "GROVE_ASSETS"}
    environment |= {"GROVE_HOME": str(folder / "home")}

    def assets(*command):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', top,
             prefix, *command, "doctor", "--json"], env=environment, capture_output=True,
            text=True, timeout=60, check=False)
        text, = [one["text"] for one in json.loads(done.stdout)["findings"]
                 if one["name"] == "postgres"]
        return text

    assert f"{prefix}/share/grove/assets/" in assets(f"{prefix}/bin/grove")
    assert f"{prefix}/share/grove/assets/" in assets("env", f"PATH={prefix}/bin", "grove")
    assert f"{prefix}/share/grove/assets/" not in assets(BINARY)
