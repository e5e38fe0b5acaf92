"""``mmcabl serve``: :mod:`mmcabl.web` on this machine, until Ctrl-C."""

import signal
import webbrowser
from typing import Any, Optional

import typer

from mmcabl.cli.output import print_json, say
from mmcabl.web.engine_factory import make_engine
from mmcabl.web.limits import Limits, default_megapixels
from mmcabl.web.server import LOCAL, listening, open_site

LIMITS = Limits()
_VISITS = 'Limits'


def serve(model: str = typer.Option('lite-real', help='Name of a model, path of a config, or an .onnx file.'),
          weights: Optional[str] = typer.Option(None, help="Weights of it; the model's own by default."),
          device: Optional[str] = typer.Option(None, help='cpu, cuda, ...; a GPU if there is one by default.'),
          refiner: Optional[str] = typer.Option(None, help="grabcut or sam; the model's own by default."),
          threshold: Optional[float] = typer.Option(None, help='Decision threshold that the page begins with.'),
          host: str = typer.Option('127.0.0.1', help='Address to listen at; 0.0.0.0 lets other machines in.'),
          port: int = typer.Option(7860, help='Port to listen at; 0: any free one.'),
          browser: bool = typer.Option(False, '--browser', help='Open the page in a browser here.'),
          as_json: bool = typer.Option(False, '--json', help='Say the address as JSON, for machines.'),
          file_mb: float = typer.Option(LIMITS.file_mb, help='MiB of one file.', rich_help_panel=_VISITS),
          megapixels: Optional[float] = typer.Option(
              None, help='Of one photograph; MMCABL_MAX_PIXELS, or 50, by default.', rich_help_panel=_VISITS),
          photographs: int = typer.Option(LIMITS.photographs, help='Of one visitor at a time.',
                                          rich_help_panel=_VISITS),
          seconds: float = typer.Option(LIMITS.seconds, help='For one request.', rich_help_panel=_VISITS),
          waiting: int = typer.Option(LIMITS.waiting, help='Requests that work or wait; more are refused.',
                                      rich_help_panel=_VISITS),
          keep_minutes: float = typer.Option(LIMITS.keep_minutes, help='For which an unused photograph is kept.',
                                             rich_help_panel=_VISITS),
          keep_mb: float = typer.Option(LIMITS.keep_mb, help='MiB of memory for all photographs.',
                                        rich_help_panel=_VISITS)) -> None:
    """A page that judges photographs: score, map, mask, and a box or point of your own for the refiner.

    It listens on this machine alone unless --host says otherwise, keeps nothing after a visit, and needs no network.
    """
    limits = Limits(file_mb, default_megapixels() if megapixels is None else megapixels, photographs, seconds,
                    waiting, keep_minutes, keep_mb)
    for number in (signal.SIGTERM, getattr(signal, 'SIGHUP', signal.SIGTERM)):
        signal.signal(number, _end)  # so that folders are removed and the worker is ended
    local = host in ('localhost', '127.0.0.1', '::1')
    with listening(host, port) as socket, open_site(
            make_engine, (model, weights, device, refiner, threshold), limits,
            LOCAL if local else ()) as site:
        address = f'http://{f"[{host}]" if ":" in host else host}:{socket.getsockname()[1]}/'
        if not local:
            say('Everyone who can reach this machine can use the page: it asks for no password.')
        if as_json:
            print_json(dict(address=address))
        else:
            print(f'{address}  (Ctrl-C ends the page; nothing is kept)', flush=True)
        if browser:
            webbrowser.open(address)
        try:
            with site.kept_clean():
                site.server().run(sockets=[socket])
        except KeyboardInterrupt:
            say('The page is closed; nothing was kept.')


def _end(*_: Any) -> None:
    raise SystemExit(0)
