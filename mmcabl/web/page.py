"""The page's parts and wires, in Gradio. What happens is in :mod:`mmcabl.web.visits`."""

from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

from mmcabl.web.card import TITLE, card_html, title_html
from mmcabl.web.limits import Limits, Refused
from mmcabl.web.visits import Visits

ASSETS = Path(__file__).with_name('assets')
#: What a browser offers to give; a file of any other kind is refused when it is read.
KINDS = ['.jpg', '.jpeg', '.png', '.tif', '.tiff', '.bmp', '.webp']
FETCH = """
const fetch = () => {
  if (!props.value) return;
  const link = document.createElement('a');
  link.href = 'report/' + encodeURIComponent(props.value);
  link.download = 'mmcabl-report.zip';
  link.click();
};
watch('value', fetch);
"""


def asset(name: str) -> str:
    """The text of a file of the page."""
    return (ASSETS / name).read_text(encoding='utf-8')


def build_page(visits: Visits, about: Dict[str, Any], limits: Limits) -> Any:
    """The page, a ``gradio.Blocks``.

    Args:
        about: the model's card, see :meth:`mmcabl.web.engine.Engine.about`.
    """
    import gradio as gr

    @contextmanager
    def told() -> Iterator[None]:
        try:
            yield
        except Refused as error:
            raise gr.Error(escape(str(error)), title='Not done', print_exception=False, duration=12) from None

    def said(action: Callable[..., Any], *arguments: Any) -> Any:
        with told():
            return action(*arguments)

    def judge(files, decision, request: gr.Request):
        given = [(file.get('path'), file.get('orig_name')) for file in files or () if isinstance(file, dict)]
        with told():
            for found in visits.judge(request.session_hash, given, decision):
                yield None, found['list'], found['view'] or gr.skip(), found['list']['chosen'] or gr.skip()

    def pick(decision, event: gr.EventData, request: gr.Request):
        key = str(event._data.get('key'))
        found = said(visits.shown, request.session_hash, key, decision)
        return found['list'], found['view'], key

    def decide(decision, key, request: gr.Request):
        found = said(visits.shown, request.session_hash, key, decision)
        return found['list'], found['view'] or gr.skip(), key

    def move(decision, event: gr.EventData, request: gr.Request):
        data = event._data
        return said(visits.move, request.session_hash, data.get('key'), decision, data.get('threshold'))

    def draw(decision, event: gr.EventData, request: gr.Request):
        data = event._data
        return said(visits.draw, request.session_hash, data.get('key'), decision, data.get('drawing'))

    def report(decision, request: gr.Request):
        return said(visits.report, request.session_hash, decision)

    def leave(request: gr.Request):
        visits.leave(request.session_hash)
        page.state_holder.session_data.pop(request.session_hash, None)  # Gradio keeps what it last showed

    quiet: Dict[str, Any] = dict(api_visibility='private', concurrency_id='worker')  # one queue for all
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        gr.HTML(title_html(about), padding=False)
        with gr.Row():
            with gr.Column(scale=1, min_width=290):
                files = gr.File(label='Photographs', file_count='multiple', file_types=KINDS, height=150,
                                elem_id='mm-drop')
                photographs = gr.HTML(None, html_template='<div class="mm-list"></div>', js_on_load=asset('list.js'),
                                      apply_default_css=False, elem_id='mm-photographs')
                decision = gr.Slider(0, 1, about['threshold'], step=0.01, elem_id='mm-decision',
                                     label='Decision threshold', info='Flagged from this score on.')
                button = gr.Button('Download the report', elem_id='mm-report', size='sm')
                ticket = gr.HTML(None, html_template='<span></span>', js_on_load=FETCH, visible='hidden')
            with gr.Column(scale=3, min_width=420):
                viewer = gr.HTML(None, html_template=asset('viewer.html'), js_on_load=asset('viewer.js'),
                                 apply_default_css=False, elem_id='mm-viewer', palette=about['palette'])
        with gr.Accordion('The weights, the limits, and what becomes of your photographs', open=False):
            gr.HTML(card_html(about, limits), padding=False)
        shown = [photographs, viewer, gr.State('')]
        # not preprocessed: Gradio would make another, empty file for each
        files.upload(judge, [files, decision], [files, *shown], show_progress='minimal', preprocess=False, **quiet)
        photographs.picked(pick, decision, shown, show_progress='hidden', **quiet)
        decision.release(decide, [decision, shown[-1]], shown, show_progress='hidden', **quiet)
        viewer.moved(move, decision, viewer, show_progress='minimal', **quiet)
        viewer.drawn(draw, decision, viewer, show_progress='minimal', **quiet)
        button.click(report, decision, ticket, show_progress='minimal', **quiet)
        page.unload(leave)
    page.queue(max_size=4 * limits.waiting, default_concurrency_limit=limits.waiting)
    return page
