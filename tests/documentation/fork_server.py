"""`mosecrot` for scripts that call it dozens of times: the libraries are imported once, each call is a fork.

    with MosecrotOnPath(folder) as environment:
        subprocess.run(["bash", "-c", "mosecrot map | wc"], env=environment)

A call is a process of its own, with the arguments, folder, environment and open files of the one that calls, so
pipes, redirections and exit codes are those of the real program. What it leaves out is the time to import torch.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

CLIENT = """
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({socket!r})
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(call).to_bytes(4, "big")], [0, 1, 2])
server.sendall(call)
sys.exit(int(server.recv(8) or b"1"))
"""


class MosecrotOnPath:
    """An environment with such a `mosecrot` on its PATH, while the context lasts.

    Args:
        folder: for its files.
        changes: of the environment; the libraries read some of it when they are imported.
    """

    def __init__(self, folder: Path, **changes: str) -> None:
        self._folder = folder
        self._changes = changes
        self._socket = folder / "socket"

    def __enter__(self) -> dict[str, str]:
        (self._folder / "client.py").write_text(CLIENT.format(socket=str(self._socket)))
        stub = self._folder / "mosecrot"
        words = [sys.executable, "-I", "-S", str(self._folder / "client.py")]
        stub.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        stub.chmod(0o755)
        environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
        environment |= self._changes
        self._server = subprocess.Popen(
            [sys.executable, __file__, str(self._socket)], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None and self._server.stdout.readline() == "ready\n"
        here = [str(self._folder), str(Path(sys.executable).parent), environment["PATH"]]
        return environment | {"PATH": os.pathsep.join(here)}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait()


def serve(path: str) -> None:
    """Take calls until the process is ended. Only imports happen here: no thread is there when it forks."""
    import sklearn.linear_model
    import torch
    import transformers.models.bert.modeling_bert

    from mosecrot_cli.cli.app import run

    assert torch and transformers and sklearn
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _answer(connection, run)
        connection.close()
        _reap()


def _answer(connection: socket.socket, run) -> None:
    """Run one call in a child of this child, whose exit code is sent back."""
    length, files, _, _ = socket.recv_fds(connection, 4, 3)
    call = b""
    while len(call) < int.from_bytes(length, "big"):
        call += connection.recv(65536)
    arguments, folder, environment = json.loads(call)
    child = os.fork()
    if child == 0:
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        code = 1
        try:
            code = run(arguments)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    for file in files:
        os.close(file)
    threading.Thread(target=_end_with, args=(connection, child), daemon=True).start()
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(BrokenPipeError):  # the caller was killed
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _end_with(connection: socket.socket, child: int) -> None:
    """Kill the call once its caller is gone, as a process of the caller would be: nothing else comes from there."""
    if not connection.recv(1):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    serve(sys.argv[1])
