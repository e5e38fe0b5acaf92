"""What a check of photographs leaves in a folder: a page, tables, pictures, masks. Imports no torch.

``check_folder`` keeps the results of photographs one by one; ``entries`` says what is kept of one; ``pictures`` draws
it; ``tables`` and ``page`` write what people and programs read.
"""
