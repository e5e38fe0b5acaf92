"""What the worker's process does: judge photographs, keep them for their visitor, answer for them."""

import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

from mmcabl.images import shown
from mmcabl.images.decoding import VARIABLE
from mmcabl.reports.entries import sha256_of_photograph
from mmcabl.structures import ForensicSample
from mmcabl.web.drawing import prompts_of, read_drawing
from mmcabl.web.judge import USED, Judge
from mmcabl.web.limits import MIB, Limits, Refused
from mmcabl.web.report import report_zip
from mmcabl.web.shelf import Entry, Shelf
from mmcabl.web.uploads import plain_name
from mmcabl.web.view import palette, thumb, view_of


class Engine:
    """One model and what is kept of every visitor's photographs; a visitor is a string that only the page knows.

    Args:
        judge: the model.
        limits: of pixels, photographs and memory.
    """

    def __init__(self, judge: Judge, limits: Limits) -> None:
        self.judge, self.limits = judge, limits
        self.shelf = Shelf(limits.keep_mb * MIB, 60 * limits.keep_minutes)
        os.environ[VARIABLE] = str(limits.pixels)  # for every reader of this process

    def about(self) -> Dict[str, Any]:
        """The model's card and its decision threshold, for the page."""
        return dict(self.judge.told(), palette=palette())

    def check(self, owner: str, path: str, name: str) -> str:
        """Judge a file and keep the result; returns its key. The file is not needed any more then.

        Raises:
            Refused: too many photographs, a file that cannot be read, or the model fails on it.
        """
        names = [entry.name for _, entry in self.shelf.of(owner)]
        if len(names) >= self.limits.photographs:
            raise Refused(f'There are {len(names)} photographs on your page, the limit; begin again to give others.')
        try:
            sample = self.judge(path)
        except (ValueError, OSError) as error:
            raise Refused(_without_path(str(error), path, name)) from None
        if not sample.usable:
            raise Refused(_without_path(sample.reason or sample.failed, path, name))
        name = plain_name(name, names)
        key = f'{len(names):04d}-{secrets.token_hex(8)}'
        self.shelf.put(owner, key, Entry(name, replace(sample, source=name), self.judge.cgsr.threshold,
                                         sha256_of_photograph(path), note=sample.note))
        return key

    def rows(self, owner: str, decision: float) -> List[Dict[str, Any]]:
        """The visitor's photographs as lines of a list: key, name, score, verdict, small picture."""
        return [dict(key=key, name=entry.name, score=entry.sample.score, flagged=entry.sample.score >= decision,
                     thumb=thumb(entry.sample)) for key, entry in self.shelf.of(owner)]

    def view(self, owner: str, key: str, decision: float) -> Dict[str, Any]:
        """A photograph as it stands, see :func:`mmcabl.web.view.view_of`, with its name, score and verdict."""
        entry = self.shelf.get(owner, key)
        sample = entry.sample = self._judged(entry, decision)
        shown_prompts = USED[entry.kind or self.judge.cgsr.prompt] if sample.flagged or entry.drawn else ()
        return dict(view_of(sample, entry.threshold, shown_prompts), key=key, name=entry.name, decision=decision,
                    drawn=entry.drawn, refiner=self.judge.refiner_name, stamp=secrets.token_hex(4))

    def move(self, owner: str, key: str, decision: float, threshold: Any) -> Dict[str, Any]:
        """Another threshold of the map: mask, prompts and refinement anew, the network not."""
        entry = self.shelf.get(owner, key)
        if not isinstance(threshold, (int, float)) or not 0 < threshold < 1:
            raise Refused('The threshold of the map is a number between 0 and 1.')
        entry.threshold, entry.drawn, entry.kind = float(threshold), None, ''
        entry.sample = _noted(entry, self.judge.at(entry.sample, entry.threshold))
        return self.view(owner, key, decision)

    def ask(self, owner: str, key: str, decision: float, drawing: Any) -> Dict[str, Any]:
        """The refiner's mask for what a person drew; None: back to the model's own prompts."""
        entry = self.shelf.get(owner, key)
        if drawing is None:
            return self.move(owner, key, decision, entry.threshold)
        sample = entry.sample
        picture = sample.required('picture')
        drawn = read_drawing(drawing, picture.shape[1::-1], sample.orientation)
        prompts, kind = prompts_of(drawn, sample.required('raw_map'))
        entry.sample = _noted(entry, self.judge.asked(sample, prompts, kind))
        entry.kind = kind
        entry.drawn = {name: drawing[name] for name in drawn if drawing.get(name) is not None}
        return self.view(owner, key, decision)

    def report(self, owner: str, decision: float) -> bytes:
        """The report of ``mmcabl check`` on the visitor's photographs as they stand, a zip file."""
        entries = [replace(entry, sample=self._judged(entry, decision)) for _, entry in self.shelf.of(owner)]
        if not entries:
            raise Refused('There is nothing to report: no photograph has been judged.')
        return report_zip(entries, self.judge.about, decision)

    def _judged(self, entry: Entry, decision: float) -> ForensicSample:
        """The sample at a decision threshold: below it there is no mask but one that a person asked for."""
        sample = replace(entry.sample, flagged=entry.sample.required('score') >= decision)
        if entry.drawn is not None:
            return sample
        if not sample.flagged:
            return replace(sample, mask=None, masks={})
        return _noted(entry, self.judge.at(sample, entry.threshold)) if sample.mask is None else sample

    def forget(self, owner: str) -> None:
        """The visitor has gone: nothing of theirs is kept."""
        self.shelf.forget(owner)
        self.judge.forget()

    def sweep(self) -> None:
        """Let go of what nobody has asked for in a while."""
        self.shelf.sweep()

    def counts(self) -> Dict[str, int]:
        """How many photographs are held, in how many bytes, and how often the network was run."""
        return dict(held=len(self.shelf), bytes=self.shelf.size, forwards=self.judge.forwards)


def _noted(entry: Entry, sample: ForensicSample) -> ForensicSample:
    """What the model said of a photograph, before what is said of its mask."""
    return replace(sample, note=' '.join(filter(None, (entry.note, sample.note))))


def _without_path(sentence: str, path: str, name: str) -> str:
    """A sentence of a reader with the file's name in place of its path, which is nobody's business."""
    for text in (shown(path), str(path), str(Path(path).resolve())):
        sentence = sentence.replace(text, name)
    return sentence
