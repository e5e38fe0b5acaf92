"""What of Gradio's server the page needs, and nothing else of it: an ASGI layer in front of everything.

Gradio serves files, fetches addresses, proxies, and lists its functions; the page needs none of that. What is not on
the list below is not there. Results go to the browser as data, so no route serves a file of a visitor's.
"""

import json
from pathlib import Path
from typing import Any, Awaitable, Callable, Collection, Dict, Iterator, List, Optional, Tuple

from mmcabl.web.limits import MIB, Limits
from mmcabl.web.uploads import held, inside

API = '/gradio_api'
#: Paths that are read, those with a slash at the end with all below them.
READ = ('/', '/config', '/theme.css', '/favicon.ico', '/assets/', '/static/', '/report/', f'{API}/heartbeat/',
        f'{API}/queue/data', f'{API}/upload_progress', f'{API}/app_id', f'{API}/startup-events')
JOIN, UPLOAD = f'{API}/queue/join', f'{API}/upload'
WRITTEN = (JOIN, UPLOAD, f'{API}/cancel', f'{API}/reset')
#: Bytes of a request that is not an upload: names of files, a drawing, a number.
MESSAGE = MIB // 4
HEADERS = {
    # Gradio evaluates its templates; what matters is that nothing comes from or goes to anywhere else
    'content-security-policy': '; '.join((
        "default-src 'self'", "script-src 'self' 'unsafe-inline' 'unsafe-eval'", "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:", "font-src 'self' data:", "connect-src 'self'", "worker-src 'self' blob:",
        "object-src 'none'", "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'")),
    'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin', 'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()'}
Receive = Callable[[], Awaitable[Dict[str, Any]]]
Send = Callable[[Dict[str, Any]], Awaitable[None]]


class Gate:
    """Lets through what is listed, of the size that is agreed, from a page of this very server.

    Args:
        app: what is behind.
        limits: of files and uploads.
        folder: of uploads; no message may name a file elsewhere, or an address.
        hosts: names by which the server may be called, against pages that make their own name point to this
            machine; empty: any.
    """

    def __init__(self, app: Callable, limits: Limits, folder: Path, hosts: Collection[str] = ()) -> None:
        self.app, self.limits, self.folder, self.hosts = app, limits, folder, hosts

    async def __call__(self, scope: Dict[str, Any], receive: Receive, send: Send) -> None:
        if scope['type'] == 'lifespan':
            return await self.app(scope, receive, send)
        if scope['type'] != 'http':
            return None  # no web sockets
        headers = {name.decode('latin-1'): value.decode('latin-1') for name, value in scope['headers']}
        refused = self.refusal(scope['method'], scope['path'], headers)
        if refused is None and scope['path'] == JOIN:
            body = await _whole(receive)
            refused = self.message_refusal(body)
            receive = _again(body, receive)
        if refused is not None:
            return await _answer(send, *refused)
        return await self.app(scope, receive, _with_headers(send))

    def refusal(self, method: str, path: str, headers: Dict[str, str]) -> Optional[Tuple[int, str]]:
        """(status, sentence) for a request that is not let through, by its first lines; None for others."""
        host = headers.get('host', '')
        if self.hosts and host_name(host) not in self.hosts:
            return 403, 'This server is not called by that name.'
        origin = headers.get('origin', '')
        if origin and origin.split('://', 1)[-1] != host:
            return 403, 'Requests come from the page itself only.'
        if not _listed(method, path):
            return 404, 'There is nothing here.'
        if method not in ('GET', 'HEAD'):
            length = headers.get('content-length', '')
            if not (length.isascii() and length.isdigit() and len(length) < 16):
                return 411, 'The length of what is sent must be said.'
            return self._size_refusal(path, int(length))
        return None

    def _size_refusal(self, path: str, length: int) -> Optional[Tuple[int, str]]:
        if path != UPLOAD:
            return (413, 'That is too much for a message.') if length > MESSAGE else None
        if length > self.limits.photographs * (self.limits.file_bytes + MESSAGE):
            return 413, f'That is too much at once. {self.limits.told()}'
        if held(self.folder) + length > self.limits.upload_bytes:
            return 503, 'Too many photographs are on their way at the moment; try again in a minute.'
        return None

    def message_refusal(self, body: bytes) -> Optional[Tuple[int, str]]:
        """(status, sentence) for a message that names a file elsewhere than in the folder of uploads, or an
        address, which Gradio would fetch; None for others."""
        try:
            paths = list(_values(json.loads(body), 'path'))
        except (ValueError, RecursionError):
            return 400, 'That is no message of this page.'
        if all(inside(path, self.folder) for path in paths):
            return None
        return 403, 'That is no photograph that was given to the page.'


def host_name(host: str) -> str:
    """A ``Host`` header without its port."""
    return host.rpartition(':')[0] if host.rpartition(':')[2].isdigit() and ':' in host else host


def _listed(method: str, path: str) -> bool:
    if '..' in path or '\\' in path or '//' in path or '\0' in path:
        return False
    if method == 'POST':
        return path in WRITTEN
    return method in ('GET', 'HEAD') and any(
        path == known or (known.endswith('/') and known != '/' and path.startswith(known)) for known in READ)


def _values(found: Any, name: str) -> Iterator[Any]:
    """The values of a name anywhere in JSON."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key == name and value is not None:
                yield value
            yield from _values(value, name)
    elif isinstance(found, list):
        for value in found:
            yield from _values(value, name)


async def _whole(receive: Receive) -> bytes:
    parts: List[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get('body', b''))
        if message['type'] != 'http.request' or not message.get('more_body'):
            return b''.join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    waiting = [dict(type='http.request', body=body, more_body=False)]

    async def receiving() -> Dict[str, Any]:
        return waiting.pop() if waiting else await receive()

    return receiving


def _with_headers(send: Send) -> Send:
    async def sending(message: Dict[str, Any]) -> None:
        if message['type'] == 'http.response.start':
            kept = [(n, v) for n, v in message.get('headers', ()) if n.decode().lower() not in HEADERS]
            message = dict(message, headers=kept + [(n.encode(), v.encode()) for n, v in HEADERS.items()])
        await send(message)

    return sending


async def _answer(send: Send, status: int, sentence: str) -> None:
    send = _with_headers(send)
    body = sentence.encode()
    await send(dict(type='http.response.start', status=status, headers=[
        (b'content-type', b'text/plain; charset=utf-8'), (b'content-length', str(len(body)).encode())]))
    await send(dict(type='http.response.body', body=body))
