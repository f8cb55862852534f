import socket
import urllib.request

PLACES = (("127.0.0.1", 80), ("192.0.2.1", 80), ("::1", 80))


def call():
    """Return the kinds of sockets that could be opened; every wait is short."""
    opened = []
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as found:
                    opened.append((family.name, kind.name))
                    found.settimeout(0.2)
                    if family == socket.AF_INET:
                        found.connect_ex(PLACES[1])
            except OSError:
                continue
    for host, port in PLACES[:2]:
        try:
            urllib.request.urlopen(f"http://{host}:{port}/", timeout=0.2).close()
            opened.append(("http", host))
        except OSError:
            continue
    return opened


class Scale:
    """Says in its error what it has opened."""

    def __init__(self, width):
        opened = call()
        said = f"SOCKET-OPENED {opened}" if opened else "no network"
        raise RuntimeError(said)
