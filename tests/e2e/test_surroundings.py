# SPDX-License-Identifier: Apache-2.0
"""Where processes cannot be looked at, or not be seen at all: what cannot be seen is not gone."""

import json
import os
import signal
import subprocess

import pytest
from conftest import BINARY, INJECTED, Grove, command_lines, wait_until

pytestmark = pytest.mark.slow

def servers_of(grove):
    """The numbers of the postmasters and of the vector servers of a home."""
    servers = os.fsencode(os.path.realpath(grove.home / "servers"))
    found = {"postgres": [], "vectors": []}
    for pid, line in command_lines():
        if line[0].endswith(b"bin/postgres") and servers + b"/pg" in line:
            found["postgres"].append(pid)
        elif servers + b"/vector" in line and b"--builder" not in line:
            found["vectors"].append(pid)
    return found


def within(grove, *prefix, program=BINARY, **variables):
    """The command in the same home, started by another one."""
    other = Grove(grove.home, [*prefix, program])
    other.env = {**grove.env, **variables}
    return other


# --- a capability less ----------------------------------------------------------------------------

WITHOUT_PTRACE = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")


@pytest.fixture(scope="module")
def untraced(shared):
    """Root as it is in a container: it may not look into the processes of other accounts."""
    if os.geteuid() != 0:
        pytest.skip("needs root: an ordinary user sees their own servers")
    shared("search", "faith")
    pid = shared.processes()["postgres"]
    looks = subprocess.run([*WITHOUT_PTRACE, "readlink", f"/proc/{pid}/cwd"], capture_output=True,
                           check=False)
    if looks.returncode == 0:
        pytest.skip("this machine shows the servers' processes all the same")
    return within(shared, *WITHOUT_PTRACE)


def test_without_a_capability_servers_are_seen(shared, untraced):
    shared("search", "faith")
    before = servers_of(shared)
    status = untraced.json("status")
    assert status["ok"] is True and status["database"]["error"] is None
    assert untraced.json("search", "faith")["degraded"] is False
    assert servers_of(shared) == before
    assert untraced.json("stop") == {"stopped": True, "ran": True, "forced": False}
    assert servers_of(shared) == {"postgres": [], "vectors": []}


def test_without_a_capability_a_hung_postgresql_stays_the_only_one(shared, untraced):
    shared("search", "faith")
    before = servers_of(shared)
    postmaster, = before["postgres"]
    pid_file = shared.home.resolve() / "servers" / "pg" / "postmaster.pid"
    hurried = within(shared, *WITHOUT_PTRACE, program=INJECTED,
                     GROVE_KNOBS="pg-connect-ms=1000,pg-silent-ms=1")
    os.kill(postmaster, signal.SIGSTOP)
    try:
        error = hurried.fails("timeout", "browse", "religion")
        assert str(postmaster) in error["message"] and "grove stop" in error["hint"]
        assert servers_of(shared) == before
        assert pid_file.read_text().split()[0] == str(postmaster)
    finally:
        os.kill(postmaster, signal.SIGCONT)
    shared("browse", "religion")
    assert servers_of(shared) == before


# --- another container ----------------------------------------------------------------------------

def can_unshare():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "true"], capture_output=True,
        check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(not can_unshare(), reason="cannot make a pid namespace here")


def container(grove, script="true"):
    """A command in a pid namespace of its own, with mounts of its own that the script makes."""
    return within(grove, "unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
                  "sh", "-c", f'{script} && exec "$0" "$@"')


def hide_sockets(grove):
    """Another container need not have the folder of the sockets."""
    run = grove.socket_folder()
    owner = os.stat(run)
    return (f"mount -t tmpfs -o mode=0700,uid={owner.st_uid},gid={owner.st_gid} none '{run}'")


def assert_told(error):
    assert "in another container" in error["message"], error
    assert "grove stop" in error["hint"], error


@needs_namespaces
def test_servers_of_another_container_are_let_be(shared):
    shared("search", "faith")
    before = servers_of(shared)
    beside = container(shared)
    # Where the sockets are there, they are used.
    assert beside.json("search", "faith")["degraded"] is False
    assert beside.json("status")["ok"] is True
    assert_told(beside.fails("unavailable", "stop"))
    assert servers_of(shared) == before
    apart = container(shared, hide_sockets(shared))
    assert_told(apart.fails("unavailable", "browse", "religion"))
    assert_told(apart.fails("unavailable", "stop"))
    status = json.loads(apart("status", "--json", check=False).stdout)
    assert status["database"]["ok"] is False and status["database"]["error"]
    assert "not running" not in status["database"]["error"]
    assert servers_of(shared) == before
    shared("browse", "religion")


@needs_namespaces
def test_a_vector_server_of_another_container_is_let_be(shared):
    shared("search", "faith")
    before = servers_of(shared)
    socket = os.path.join(shared.socket_folder(), "vectors.sock")
    apart = container(shared, f"mount --bind /dev/null '{socket}'")
    answer = apart.json("search", "faith")
    assert answer["degraded"] is True and "in another container" in answer["degraded_reason"]
    assert_told(apart.fails("unavailable", "sync"))
    assert servers_of(shared) == before


@needs_namespaces
def test_servers_of_a_container_that_has_ended_are_gone(filled):
    """All of them died with it. Their numbers are of a pid namespace that is no more."""
    filled("stop")
    container(filled)("search", "faith")
    wait_until(lambda: servers_of(filled) == {"postgres": [], "vectors": []})
    assert filled.json("search", "faith")["degraded"] is False
    assert {name: len(pids) for name, pids in servers_of(filled).items()} == {"postgres": 1,
                                                                              "vectors": 1}


@needs_namespaces
def test_where_processes_are_hidden(shared, untraced):
    """/proc shows to each account its own processes only, and root may not look."""
    shared("search", "faith")
    before = servers_of(shared)
    hidden = within(shared, "unshare", "--mount", "sh", "-c",
                    'mount -t proc -o hidepid=2 proc /proc && exec setpriv '
                    '--bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$0" "$@"')
    assert hidden.json("status")["ok"] is True
    assert servers_of(shared) == before
    assert hidden.json("stop")["ran"] is True
    assert servers_of(shared) == {"postgres": [], "vectors": []}
