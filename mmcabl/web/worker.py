"""One process that does all the work, one request at a time, for however many ask."""

import multiprocessing
import signal
import sys
import traceback
from concurrent.futures import CancelledError, ThreadPoolExecutor, TimeoutError
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import BoundedSemaphore, Lock
from typing import Any, Callable, Optional, Tuple

from mmcabl.web.limits import Limits, Refused

#: How long the process may take to load a model, in seconds.
START = 300
#: Requests wait for as many times the limit of one as this before they are told to come again.
PATIENCE = 5


class Worker:
    """Runs methods of an object that lives in a process of its own.

    A request that takes longer than ``limits.seconds`` costs the process: it is killed and begun anew, so a
    photograph that a decoder hangs or crashes on is its sender's trouble alone. What the object held is lost then.

    Args:
        make: what makes the object there, picklable; its ``ValueError``s and ``OSError``s are sentences for whoever
            starts the page.
        arguments: of ``make``.
        limits: ``seconds`` and ``waiting`` count here.
    """

    def __init__(self, make: Callable[..., Any], arguments: Tuple[Any, ...], limits: Limits) -> None:
        self._make, self._arguments, self._limits = make, arguments, limits
        self._places = BoundedSemaphore(limits.waiting)
        self._turns = ThreadPoolExecutor(1, 'mmcabl-turns')  # first come, first served
        self._lock = Lock()
        self._closed = False
        self._begin()

    def ready(self) -> None:
        """Wait until the object is made.

        Raises:
            Refused: it cannot be made; the sentence says why.
        """
        self._turns.submit(self._await_start).result()

    def ask(self, task: str, *arguments: Any) -> Any:
        """``object.task(*arguments)``, when it is this request's turn.

        Raises:
            Refused: too many wait already, it took too long, or what the object itself refuses.
        """
        if not self._places.acquire(blocking=False):
            raise Refused(f'The page is busy: {self._limits.waiting} requests are waiting already. Try again in a '
                          'minute.')
        future = self._turns.submit(self._turn, task, arguments)
        future.add_done_callback(lambda _: self._places.release())
        try:
            return future.result(PATIENCE * self._limits.seconds)
        except (TimeoutError, CancelledError):
            if future.cancel() or future.cancelled():
                raise Refused('The page is busy: the turn of this request did not come. Try again in a few '
                              'minutes.') from None
            return future.result()

    def tell(self, task: str, *arguments: Any) -> None:
        """As :meth:`ask`, of what must be done however many wait; nobody waits for it."""
        with suppress(RuntimeError):  # closed
            self._turns.submit(self._turn, task, arguments)

    def close(self) -> None:
        """End the process; whatever waits is told so."""
        with self._lock:
            self._closed = True
            self._process.kill()
        self._turns.shutdown(wait=True, cancel_futures=True)
        self._process.join()
        self._pipe.close()

    def _begin(self) -> None:
        context = multiprocessing.get_context('spawn')
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, self._make, self._arguments), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self._started = False

    def _await_start(self) -> None:
        if not self._started:
            self._answer(START, 'The model took longer to load than is allowed.')
            self._started = True

    def _turn(self, task: str, arguments: Tuple[Any, ...]) -> Any:
        self._await_start()
        seconds = self._limits.seconds
        try:
            self._pipe.send((task, arguments))
        except OSError:
            return self._anew('The work on the photographs ended unexpectedly; it begins anew. Give them again.')
        return self._answer(seconds, f'This took longer than {seconds:g} seconds, the limit, and was given up. '
                                     'Photographs given before it must be given again.')

    def _answer(self, seconds: float, late: str) -> Any:
        try:
            if not self._pipe.poll(seconds):
                return self._anew(late)
            said, answer = self._pipe.recv()
        except (EOFError, OSError):
            return self._anew('The work on this ended unexpectedly and was given up. Photographs given before it '
                              'must be given again.')
        if said == 'done':
            return answer
        raise Refused(answer)

    def _anew(self, sentence: str) -> Any:
        with self._lock:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            if not self._closed:
                self._begin()
        raise Refused(sentence)


def _work(pipe: Connection, make: Callable[..., Any], arguments: Tuple[Any, ...]) -> None:
    """The process: make the object, then answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page, which ends this process
    made: Optional[Any] = None
    while True:
        try:
            if made is None:
                made, answer = make(*arguments), ('done', None)
            else:
                task, given = pipe.recv()
                answer = 'done', getattr(made, task)(*given)
        except EOFError:
            return
        except (ValueError, OSError, ImportError) as error:
            answer = 'refused', str(error)
        except Exception as error:  # noqa: B902 - a fault of one request must not end all others'
            traceback.print_exc(file=sys.stderr)
            answer = 'refused', f'This failed ({type(error).__name__}); whoever runs the page finds more in its log.'
        try:
            pipe.send(answer)
        except OSError:
            return
        if made is None:
            return
