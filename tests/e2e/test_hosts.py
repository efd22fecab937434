# SPDX-License-Identifier: Apache-2.0
"""Programs with children of their own, beside grove's: whose servers are started meanwhile, whose
SIGCHLD is whose, and what a child has of its parent's."""

import subprocess

import pytest
from conftest import ROOT, wait_until
from test_library import compile_c, installed, run  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def host(installed, tmp_path_factory):  # noqa: F811
    _, flags, environment = installed
    program = tmp_path_factory.mktemp("host") / "host"
    return compile_c(ROOT / "tests" / "e2e" / "host.c", program, flags), environment


@pytest.mark.parametrize("what", ["ignores", "handles", "waits"])
def test_children_are_the_hosts(host, filled, what):
    """Whatever it does about SIGCHLD, and whoever takes grove's children: the servers start, and
    the host gets its own child."""
    program, environment = host
    assert "postgres" not in filled.processes()
    done = run(program, what, grove=filled, environment=environment, GROVE_PROJECTOR="on")
    assert (done.returncode, done.stdout, done.stderr) == (0, "good\n", "")
    wait_until(lambda: {"postgres", "vectors"} <= set(filled.processes()))


def test_children_forked_meanwhile_keep_nothing(host, filled):
    """They outlive the start of the servers, and are in nobody's way: the servers can be stopped
    and started as if they were not there."""
    program, environment = host
    process = subprocess.Popen([program, "forks"], env={**filled.env, **environment}, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "started\n", process.stderr.read()
        filled("stop", "--timeout", "30s")
        assert filled.processes() == {}
        assert filled.json("search", "faith", "--timeout", "30s")["results"]
        wait_until(lambda: {"postgres", "vectors"} <= set(filled.processes()))
    finally:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "good\n", "")
