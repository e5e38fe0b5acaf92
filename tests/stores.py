"""A data root in other places: an LMDB, a local HTTP server, a stand-in for Petrel's client."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def in_lmdb(folder, path, prefix=''):
    """``backend_args`` of an LMDB with every file of a folder, by its path below it."""
    import lmdb
    with lmdb.open(str(path), map_size=2 ** 26) as opened, opened.begin(write=True) as at:
        for file in Path(folder).rglob('*'):
            if file.is_file():
                at.put(f'{prefix}{file.relative_to(folder).as_posix()}'.encode(), file.read_bytes())
    return dict(backend='lmdb', db_path=str(path))


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder; ``/busy`` fails as often as the server's ``busy`` says; ``/huge``, ``/cut`` are."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith('/busy') and self.server.busy:
            self.server.busy -= 1
            self.send_error(503)
        elif self.path in ('/huge', '/cut'):
            self.send_response(200)
            self.send_header('Content-Length', '1000' if self.path == '/cut' else str(2 ** 50))
            self.end_headers()
            self.wfile.write(b'\xff' * 10)
        else:
            self.path = self.path.replace('/busy', '', 1)
            super().do_GET()

    def log_message(self, *args):
        pass


@contextmanager
def served(folder):
    """A server of a folder's files on this machine alone; it has ``address``."""
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=str(folder)))
    server.asked, server.busy, server.address = [], 0, f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class PetrelClient:
    """What mmengine's backend asks of Petrel's client, of the files of a folder as the bucket ``bucket``."""

    folder: Path

    def __init__(self, **_):
        pass

    def _path(self, address):
        assert address.startswith('s3://bucket/')
        return self.folder / address[len('s3://bucket/'):]

    def Get(self, address):  # noqa: N802 - its name
        path = self._path(address)
        return path.read_bytes() if path.is_file() else None

    def list(self, address):
        for path in sorted(self._path(address).iterdir()):
            yield f'{path.name}/' if path.is_dir() else path.name

    def contains(self, address):
        return self._path(address).exists()

    isdir = contains
