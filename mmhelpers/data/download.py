"""Fetches the lecture's list of names, which this project does not redistribute."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from mmhelpers.data.files import write_whole
from mmhelpers.data.names import LECTURE, LECTURE_URL, SHA256, DataError, printable

TIMEOUT = 20  # seconds of silence after which the server counts as gone


def download_lecture_names(url: str = LECTURE_URL, destination: Path = LECTURE) -> Path:
    """The path of the lecture's list, downloaded and checked by its SHA-256.

    A failure leaves what was there.  Raises DataError with the reason and what to do.
    """
    content = fetch(url, SHA256["lecture"])
    try:
        write_whole(destination, content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        where = printable(str(destination))
        raise DataError(f"{where} can't be written ({reason}): mend that and try again") from None
    return destination


def fetch(url: str, sha256: str) -> bytes:
    """What lies at the address, checked by its SHA-256; raises DataError with the reason."""
    import pooch  # takes a moment to import, and only this function needs it

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT)
    try:
        with tempfile.TemporaryDirectory(prefix="names-") as folder:
            return Path(
                pooch.retrieve(url, sha256, path=folder, downloader=downloader)
            ).read_bytes()
    except OSError as error:  # the network's errors are OSErrors too
        reason = reason_of(error, urlsplit(url).hostname)
        raise DataError(f"the list could not be fetched, {reason}: try again") from None
    except ValueError:
        raise DataError("what came is not the lecture's list (wrong SHA-256): try again") from None


def reason_of(error: OSError, host: str | None) -> str:
    """Why nothing came from the host, in a few words."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError):
        return f"{host} answers {error.response.status_code}"
    if isinstance(error, exceptions.Timeout) or "timed out" in str(error):
        return f"{host} does not answer (timed out)"
    if isinstance(error, exceptions.ProxyError | exceptions.InvalidProxyURL):
        return f"the proxy that the environment names does not lead to {host}"
    if isinstance(error, exceptions.SSLError):
        return f"the certificate of {host} can't be verified"
    if isinstance(error, exceptions.RequestException):
        return f"there is no connection to {host}"
    return printable(error.strerror or str(error).split("\n")[0])
