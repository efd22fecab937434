# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping. Exit statuses: 0 told to stop, 1 failed, 2 wrong use, 3 another server
uses the folder, 4 the engine cannot be used, 5 Python is too old.

The last line on standard error says why it ended."""
import argparse
import fcntl
import glob
import os
import resource
import signal
import socket
import sys
import time

EXIT_FAILED, EXIT_TAKEN, EXIT_ENGINE, EXIT_PYTHON = 1, 3, 4, 5
# The level of Qdrant's API spoken here, told where the wheel does not say its engine's version.
API_VERSION = "1.17.0"
SWITCH_INTERVAL_S = 0.0005


def log(message: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        os.write(2, f"{stamp} vectors: {' '.join(message.split())}\n".encode("utf-8", "replace"))
    except OSError:
        pass  # a full disk: no reason to end


def fail(status: int, message: str):
    log(message)
    sys.exit(status)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="grove-vectors", description=__doc__.split("\n")[0])
    parser.add_argument("--engine", required=True, help="folder of the unpacked engine")
    parser.add_argument("--data", help="folder of the collections")
    parser.add_argument("--socket", help="path of the Unix socket")
    parser.add_argument("--lock", type=int, help="descriptor of the open file DATA/lock, of who"
                        " has said in DATA/pid that we are the server")
    parser.add_argument("--builder", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.builder and not (arguments.data and arguments.socket):
        parser.error("--data and --socket are required")
    return arguments


def engine_version(folder: str) -> str:
    """The version of the Qdrant that the engine was built from, out of the wheel's own list of
    parts: the wheel has a version of its own."""
    for path in glob.glob(os.path.join(folder, "*.dist-info", "sboms", "*.json")):
        try:
            with open(path, "rb") as file:
                parts = file.read(8 << 20)
        except OSError:
            continue
        at = parts.find(b"qdrant/lib/api#")
        if at >= 0:
            version = parts[at + 15:at + 47].split(b'"')[0].decode("ascii", "replace")
            if version[:1].isdigit():
                return version
    return API_VERSION


def load_engine(folder: str) -> None:
    sys.path.insert(0, os.path.abspath(folder))
    try:
        import qdrant_edge  # noqa: F401
    except Exception as error:
        fail(EXIT_ENGINE, f"cannot load the engine from \"{folder}\": {error}")


def take(data: str, given) -> int:
    """Locks the folder, and says in `pid` who has it where whoever started us has not. Servers of
    other versions know of no other lock than this one."""
    os.makedirs(data, 0o700, exist_ok=True)
    lock = given
    if lock is None:
        lock = os.open(os.path.join(data, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fail(EXIT_TAKEN, f"another server uses \"{data}\"")
    if given is None:
        say_who(data)
    return lock


def say_who(data: str) -> None:
    with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
        started = file.read().rpartition(")")[2].split()[19]
    temporary = os.path.join(data, "pid.new")
    with open(temporary, "w", encoding="ascii") as file:
        file.write(f"{os.getpid()} {started}\n")
    os.replace(temporary, os.path.join(data, "pid"))


def identity(path: str):
    """Which file there is at the path; None: none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def end_without(path: str, held) -> None:
    """Ends the process when the lock of its folder, or its socket, is no longer what is at its
    path: removed, or another home's by now. Then nothing there is ours to tidy up, and nobody
    reaches us."""
    if identity(path) != held:
        log(f"\"{path}\" was removed or replaced: stopped")
        os._exit(EXIT_FAILED)


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def listen(path: str) -> socket.socket:
    remove(path)  # of a server that was killed: we hold the lock
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    os.chmod(path, 0o600)
    listener.listen(512)
    return listener


def watch_signals() -> socket.socket:
    """A byte arrives on the socket when it is time to stop: also when another thread than the
    loop's got the signal."""
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    heard, said = socket.socketpair()
    said.setblocking(False)
    signal.set_wakeup_fd(said.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    return heard


def serve(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    stop = watch_signals()
    lock = take(arguments.data, arguments.lock)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard > 0 else soft, hard))
    load_engine(arguments.engine)
    from . import files
    from .catalogue import Catalogue
    from .server import Server
    files.check_space(arguments.data, files.SPACE_TO_START)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    command = [sys.executable, "-I", "-S", "-B", sys.argv[0], "--engine", arguments.engine,
               "--builder"]
    catalogue = Catalogue(arguments.data, command, log)
    version = engine_version(arguments.engine)
    listener = listen(arguments.socket)
    server = Server(listener, stop, catalogue, version, log)
    held = os.fstat(lock)
    ours = {os.path.join(arguments.data, "lock"): (held.st_dev, held.st_ino),
            arguments.socket: identity(arguments.socket)}
    catalogue.start(lambda: [end_without(path, file) for path, file in ours.items()])
    log(f"engine {version}, {len(catalogue.names())} collections, ready after "
        f"{time.monotonic() - began:.2f} s")
    server.run()
    remove(arguments.socket)
    catalogue.close()
    remove(os.path.join(arguments.data, "pid"))
    os.close(lock)
    log("stopped")


def main() -> None:
    if sys.version_info < (3, 10):
        fail(EXIT_PYTHON, "Python 3.10 or later is needed, this is "
                          + ".".join(map(str, sys.version_info[:3])))
    arguments = parse_arguments()
    if arguments.builder:
        load_engine(arguments.engine)
        from .rebuild import builder_main
        builder_main()
        return
    try:
        serve(arguments)
    except OSError as error:
        fail(EXIT_FAILED, f"cannot serve: {error}")
    os._exit(0)  # threads that are in the engine have nothing left to save


if __name__ == "__main__":
    main()
