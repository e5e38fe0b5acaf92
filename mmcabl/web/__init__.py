"""``mmcabl serve``: a page that answers for photographs, and takes a box or a point from whoever looks at them.

The page (Gradio, the extra ``web``) does no work: one process beside it holds the model and the photographs of those
that are connected, takes one request at a time, and is ended and begun anew when a request takes too long. Nothing
here imports torch before that process does, nor Gradio before a page is asked for.
"""
