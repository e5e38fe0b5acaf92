"""What commands print: results on stdout, everything else on stderr."""

import json
import sys
from typing import Any, NoReturn


def say(text: str) -> None:
    """A line on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


def fail(error: BaseException) -> NoReturn:
    """One sentence on stderr, exit status 1."""
    say(' '.join(str(error).split()) or type(error).__name__)
    raise SystemExit(1)


def print_json(content: Any) -> None:
    """The only thing on stdout, for machines; NaN and infinity, which JSON lacks, are null."""
    print(json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not abs(value) < float('inf') else value
