"""The download of the lecture's list, from a server of our own that fails in every way."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mmhelpers.data import DataError, download
from mmhelpers.data.download import download_lecture_names

CONTENT = b"emma\nolivia\nava\n" * 1000  # stands in for the lecture's list
BEFORE = b"what was there before\n"


class Server(BaseHTTPRequestHandler):
    """Serves /good, and one way to fail under each other path; /hang answers when it may stop."""

    def do_GET(self):
        if self.path == "/hang":
            self.server.closing.wait(30)
        elif self.path == "/missing":
            self.send_error(404, "gone\x1b[31m")
        elif self.path == "/stalled":
            self.answer(CONTENT[:5000], len(CONTENT))
            self.server.closing.wait(30)
        else:
            sent = {"/cut": CONTENT[:5000], "/wrong": b"emma\n", "/empty": b""}
            self.answer(sent.get(self.path, CONTENT), len(CONTENT) if self.path == "/cut" else None)

    def answer(self, body: bytes, promised: int | None = None):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *arguments):
        """Says nothing."""


@pytest.fixture(scope="module")
def server():
    """The address of the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as http:
        http.daemon_threads, http.closing = True, threading.Event()
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.closing.set()
        http.shutdown()


@pytest.fixture(autouse=True)
def expect_content(monkeypatch):
    """Lets the stand-in count as the lecture's list, and reaches the server past any proxy."""
    monkeypatch.setitem(download.SHA256, "lecture", hashlib.sha256(CONTENT).hexdigest())
    for name in "NO_PROXY", "no_proxy":
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def list_file(tmp_path):
    """The path of a list that was there before."""
    path = tmp_path / "names-lecture.txt"
    path.write_bytes(BEFORE)
    return path


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def complaint(url, path) -> str:
    """The message of a download that fails: one line that any terminal shows."""
    with pytest.raises(DataError) as caught:
        download_lecture_names(url, path)
    message = str(caught.value)
    assert message.isprintable() and message.endswith("try again"), ascii(message)
    return message


def test_good_file_replaces_the_one_before(server, list_file, capfd):
    assert download_lecture_names(f"{server}/good", list_file) == list_file
    assert list_file.read_bytes() == CONTENT
    assert os.listdir(list_file.parent) == [list_file.name]
    assert capfd.readouterr() == ("", "")


def test_good_file_where_none_was(server, tmp_path):
    download_lecture_names(f"{server}/good", tmp_path / "new.txt")
    assert (tmp_path / "new.txt").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["new.txt"]
    assert os.name == "nt" or (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o644


NOT_FETCHED = "the list could not be fetched, {}: try again"
FAILURES = {
    "/wrong": "what came is not the lecture's list (wrong SHA-256): try again",
    "/empty": "what came is not the lecture's list (wrong SHA-256): try again",
    "/missing": NOT_FETCHED.format("127.0.0.1 answers 404"),
    "/cut": NOT_FETCHED.format("there is no connection to 127.0.0.1"),
    "/hang": NOT_FETCHED.format("127.0.0.1 does not answer (timed out)"),
    "/stalled": NOT_FETCHED.format("127.0.0.1 does not answer (timed out)"),
}


@pytest.mark.parametrize("path", FAILURES)
def test_failure_leaves_what_was_there(server, list_file, monkeypatch, capfd, path):
    if path in ("/hang", "/stalled"):
        monkeypatch.setattr(download, "TIMEOUT", 0.3)
    assert complaint(server + path, list_file) == FAILURES[path]
    assert list_file.read_bytes() == BEFORE
    assert os.listdir(list_file.parent) == [list_file.name]
    assert capfd.readouterr() == ("", "")


def test_failure_leaves_nothing_where_nothing_was(server, tmp_path):
    complaint(f"{server}/cut", tmp_path / "new.txt")
    assert os.listdir(tmp_path) == []


def test_server_gone(list_file):
    message = complaint(f"http://127.0.0.1:{closed_port()}/", list_file)
    assert message == NOT_FETCHED.format("there is no connection to 127.0.0.1")
    assert list_file.read_bytes() == BEFORE
    assert os.listdir(list_file.parent) == [list_file.name]


@pytest.mark.parametrize("proxy", ["http://[", "://", "http://127.0.0.1:{port}"])
def test_bad_proxy_is_not_called_wrong_content(server, list_file, monkeypatch, proxy):
    for name in "NO_PROXY", "no_proxy":
        monkeypatch.delenv(name)
    for name in "HTTP_PROXY", "http_proxy":
        monkeypatch.setenv(name, proxy.format(port=closed_port()))
    assert "could not be fetched" in complaint(f"{server}/good", list_file)
    assert list_file.read_bytes() == BEFORE


def test_interrupted(server, list_file, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)  # the last moment at which it can come
    with pytest.raises(KeyboardInterrupt):
        download_lecture_names(f"{server}/good", list_file)
    monkeypatch.undo()
    assert list_file.read_bytes() == BEFORE
    assert os.listdir(list_file.parent) == [list_file.name]


def test_destination_that_cannot_be_written(server, list_file, tmp_path):
    # Permissions would not do: they don't bind root.
    complaint(f"{server}/good", list_file / "names.txt")  # under a file
    complaint(f"{server}/good", tmp_path / "none" / "names.txt")
    assert list_file.read_bytes() == BEFORE
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "kept").touch()
    complaint(f"{server}/good", folder)
    assert sorted(os.listdir(tmp_path)) == ["folder", "names-lecture.txt"]
    assert os.listdir(folder) == ["kept"]


def test_a_hanging_server_is_given_up_in_time():
    assert 0 < download.TIMEOUT <= 30


def test_command_without_network():
    # Whatever the proxy variables of this machine, the child has to go through a closed port.
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    proxy = f"http://127.0.0.1:{closed_port()}"
    for name in "http_proxy", "https_proxy", "all_proxy":
        environment |= {name: proxy, name.upper(): proxy}
    existed = download.LECTURE.exists() and download.LECTURE.read_bytes()
    command = [sys.executable, "-m", "mmhelpers", "names"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert done.stdout == ""
    reason = "the proxy that the environment names does not lead to raw.githubusercontent.com"
    assert done.stderr == f"error: {NOT_FETCHED.format(reason)}\n"
    assert existed == (download.LECTURE.exists() and download.LECTURE.read_bytes())
    assert not list(download.LECTURE.parent.glob(".names-*"))
