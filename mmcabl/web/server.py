"""The page as a server: folder, worker, gate and Gradio put together, and taken apart again without a trace."""

import os
import socket
import tempfile
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Collection, Iterator, Tuple

from mmcabl.web.gate import API, UPLOAD, Gate
from mmcabl.web.limits import Limits, Refused
from mmcabl.web.uploads import receive, sweep
from mmcabl.web.visits import Visits
from mmcabl.web.worker import Worker

#: Files in one upload; how many of them are judged is the worker's to say.
FILES = 200
LOCAL = ('localhost', '127.0.0.1', '[::1]')
#: Seconds between two looks at what has become old, and the age of an upload that nobody judges.
ROUND, ABANDONED = 30, 300


def listening(host: str, port: int) -> socket.socket:
    """A socket for the page; port 0 is any free one.

    Raises:
        ValueError: it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except (OSError, OverflowError) as error:
        raise ValueError(f'The page cannot listen at {host}, port {port}: {error}; give another --port or '
                         '--host.') from None
    return found


@contextmanager
def open_site(make: Callable[..., Any], arguments: Tuple[Any, ...], limits: Limits,
              hosts: Collection[str] = LOCAL) -> Iterator['Site']:
    """A page that is ready to be served; when the block ends, its folder and its worker are gone.

    Args:
        make: what makes the :class:`mmcabl.web.engine.Engine` in the worker's process, with its arguments behind the
            page's folder and the limits.
        hosts: names by which the server may be called; empty: any.

    Raises:
        ImportError: the extra ``web`` is not installed.
        Refused: the model cannot be loaded.
    """
    need_web()
    with tempfile.TemporaryDirectory(prefix='mmcabl-page-', ignore_cleanup_errors=True) as folder:
        worker = Worker(make, (folder, limits, *arguments), limits)
        try:
            import gradio  # noqa: F401 - for seconds, as the worker imports torch
            worker.ready()
            yield Site(worker, limits, Path(folder), hosts)
        finally:
            worker.close()


def need_web() -> None:
    """Raises ImportError, in a sentence, where Gradio is not installed."""
    found = find_spec('gradio')
    if found is None or found.origin is None:  # a folder of this name in the working directory is none
        raise ImportError("mmcabl serve needs Gradio, which is not installed: pip install 'mmcabl[web]'.")


class Site:
    """The page of one worker.

    Attributes:
        app: the ASGI application.
        visits: what the page does.
        page: the ``gradio.Blocks``.
    """

    def __init__(self, worker: Worker, limits: Limits, folder: Path, hosts: Collection[str]) -> None:
        self.visits, self.folder, self.limits = Visits(worker, limits, folder), folder, limits
        self.page, app = self._built(worker.ask('about'))
        self.app = Gate(app, limits, folder, hosts)
        self._over = threading.Event()

    def _built(self, about: Any) -> Tuple[Any, Any]:
        before = {name: os.environ.get(name) for name in ('GRADIO_TEMP_DIR', 'GRADIO_ANALYTICS_ENABLED')}
        os.environ.update(GRADIO_TEMP_DIR=str(self.folder), GRADIO_ANALYTICS_ENABLED='False')
        try:
            import gradio as gr
            from fastapi import FastAPI, Request, Response

            from mmcabl.web.page import asset, build_page

            app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

            @app.get('/report/{ticket}')
            def report(ticket: str) -> Response:
                data = self.visits.tickets.take(ticket)
                if data is None:
                    return Response('This report was fetched already, or not in time; ask for it again.', 404)
                return Response(data, media_type='application/zip', headers={
                    'content-disposition': 'attachment; filename="mmcabl-report.zip"', 'cache-control': 'no-store'})

            @app.post(UPLOAD)
            async def upload(request: Request) -> Any:
                try:
                    return await receive(request, self.folder, self.limits.file_bytes, FILES)
                except Refused as error:
                    return Response(str(error), 413)

            @app.get(f'{API}/upload_progress')
            def progress() -> Response:  # the browser asks; a photograph is there before an answer would matter
                return Response('data: {"msg": "done"}\n\n', media_type='text/event-stream')

            page = build_page(self.visits, about, self.limits)
            font = ['system-ui', 'Segoe UI', 'Helvetica', 'Arial', 'sans-serif']  # none is fetched
            gr.mount_gradio_app(
                app, page, path='/', css=asset('page.css'), footer_links=[], run_history=False, show_error=False,
                max_file_size=self.limits.file_bytes, ssr_mode=False, pwa=False, mcp_server=False,
                theme=gr.themes.Base(font=font, font_mono=['monospace'], primary_hue='gray', neutral_hue='gray'),
                enable_monitoring=False)
            return page, app
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def server(self) -> Any:
        """A ``uvicorn.Server`` of the page; ``run(sockets=[...])`` it in :meth:`kept_clean`."""
        import uvicorn

        return uvicorn.Server(uvicorn.Config(
            self.app, log_level='warning', access_log=False, server_header=False, proxy_headers=False, lifespan='on',
            ws='none', timeout_graceful_shutdown=3))

    @contextmanager
    def kept_clean(self) -> Iterator[None]:
        """Inside, what has become old is let go of every half minute."""
        thread = threading.Thread(target=self._clean, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _clean(self) -> None:
        while not self._over.wait(ROUND):
            sweep(self.folder, ABANDONED)
            self.visits.tickets.sweep()
            self.visits.worker.tell('sweep')
