from mmcabl.results.export import write_table
from mmcabl.results.files import NotWritten
from mmcabl.results.names import file_name, from_text, to_text
from mmcabl.results.recording import RecordingEvaluator
from mmcabl.results.store import ResultStore, fingerprint
from mmcabl.results.summary import summarize_store

__all__ = ['NotWritten', 'RecordingEvaluator', 'ResultStore', 'file_name', 'fingerprint', 'from_text',
           'summarize_store', 'to_text', 'write_table']
